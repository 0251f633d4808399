/* SPDX-License-Identifier: Apache-2.0 */
/* The options of a mount, a line each. */
#include "base/memory.h"
#include "ns/mount_option.h"
#include "tests/fuzz/fuzz.h"

static bool is_given(const struct config_mount *mount, const char *option)
{
	for (size_t i = 0; i < mount->options.count; i++)
		if (!strcmp(mount->options.items[i], option))
			return true;
	return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	_cleanup_free_ char *text = memory_allocate(length + 1);
	_cleanup_free_ const char **items = memory_allocate((length + 1) * sizeof(*items));
	struct config_mount mount = { .destination = "/m", .type = "tmpfs", .source = "s" };
	struct mount_options options;
	char *rest = text;
	int r;

	memcpy(text, bytes, length);
	text[length] = '\0';
	mount.options.items = items;
	for (char *word = strsep(&rest, "\n"); word; word = strsep(&rest, "\n"))
		items[mount.options.count++] = word;
	error_clear();
	r = mount_options_parse(&mount, 0, &options);
	if (r < 0) {
		const char *message = error_text(r);

		FUZZ_NEED(strstr(message, "mounts[0]"));
		FUZZ_NEED(!strpbrk(message, "\n\r\t\x1b"));
		return 0;
	}
	FUZZ_NEED(options.propagations <= 2);
	FUZZ_NEED(options.filesystem_options <= ARRAY_SIZE(options.filesystem));
	for (unsigned int i = 0; i < options.filesystem_options; i++)
		FUZZ_NEED(is_given(&mount, options.filesystem[i]));
	return 0;
}
