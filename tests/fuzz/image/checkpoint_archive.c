/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The archive of a checkpoint from somewhere: its headers, its documents, the changes of the root
 * file system. All of it is looked at before anything is written, and here nothing can be.
 */
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/file.h"
#include "image/checkpoint_unpack.h"
#include "tests/fuzz/fuzz.h"

static void read_spec(const uint8_t *bytes, size_t length)
{
	static const char *const paths[] = { "/data", NULL };
	const struct string_list allowed = { (const char **)paths, 1 };
	_cleanup_arena_ struct arena arena = { 0 };
	_cleanup_buffer_ struct buffer config = { 0 };
	struct json *spec;

	if (json_parse(&arena, "spec.dump", (const char *)bytes, length, &spec) < 0)
		return;
	/* What it writes is a document again. */
	if (checkpoint_spec(spec, &allowed, &config) >= 0)
		FUZZ_NEED(
			json_parse(&arena, "config.json", config.data, config.length, &spec) >= 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	static const struct string_list none = { 0 };
	_cleanup_close_ int fd = memfd_create("archive", MFD_CLOEXEC);
	char path[40];
	int r;

	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	FUZZ_NEED(fd >= 0 && file_write_all(fd, bytes, length) >= 0);
	r = checkpoint_unpack(&(struct checkpoint_unpack){ .file = path,
		.images = "/nonexistent",
		.bundle = "/nonexistent",
		.allowed = &none });
	FUZZ_NEED(r < 0 && error_text(r)[0] && !strpbrk(error_text(r), "\n\r"));
	error_clear();
	read_spec(bytes, length);
	error_clear();
	return 0;
}
