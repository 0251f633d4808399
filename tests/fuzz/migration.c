/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes from the other side of a migration. */
#include "checkpoint/image_name.h"
#include "checkpoint/manifest.h"
#include "checkpoint/transport.h"
#include "checkpoint/tree_entry.h"
#include "tests/fuzz/fuzz.h"

static void check_entries(const unsigned char *bytes, size_t length)
{
	_cleanup_tree_list_ struct tree_list list = { 0 }, again = { 0 };
	_cleanup_buffer_ struct buffer text = { 0 };

	if (tree_entries_read(&list, bytes, length) < 0)
		return;
	for (size_t i = 0; i < list.count; i++) {
		const struct tree_entry *entry = &list.items[i];

		FUZZ_NEED(entry->path[0] != '/' && strcmp(entry->path, "..") != 0);
		FUZZ_NEED(strncmp(entry->path, "../", 3) != 0 && !strstr(entry->path, "/../"));
		tree_entry_write(entry, &text);
	}
	FUZZ_NEED(tree_entries_read(&again, (const unsigned char *)text.data, text.length) >= 0);
	FUZZ_NEED(again.count == list.count);
}

static void check_manifest(const unsigned char *bytes, size_t length)
{
	_cleanup_arena_ struct arena arena = { 0 };
	struct migration_manifest manifest = { 0 };
	int r = migration_manifest_read(&arena, bytes, length, &manifest);

	FUZZ_NEED(r >= 0 || (r == -EINVAL && !strpbrk(error_text(r), "\n\x1b")));
	if (r >= 0) {
		FUZZ_NEED(strlen(manifest.key) == MIGRATION_KEY_BYTES);
		FUZZ_NEED(!strchr(manifest.key, '/'));
		(void)migration_machine_check(&manifest.machine, &manifest.machine);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	struct frame frame;
	ssize_t n = 0;

	error_clear();
	for (size_t at = 0; at < length && (n = frame_read(bytes + at, length - at, &frame)) > 0;
		at += (size_t)n) {
		FUZZ_NEED(frame.length <= FRAME_MOST);
		FUZZ_NEED(frame.bytes >= bytes && frame.bytes + frame.length <= bytes + length);
		if (frame.type == FRAME_HELLO)
			check_manifest(frame.bytes, frame.length);
		else if (frame.type == FRAME_ENTRIES)
			check_entries(frame.bytes, frame.length);
		else if (frame.type == FRAME_IMAGE &&
			 image_name_is_good((const char *)frame.bytes, frame.length))
			FUZZ_NEED(!memchr(frame.bytes, '/', frame.length));
	}
	return 0;
}
