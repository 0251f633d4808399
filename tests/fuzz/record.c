/* SPDX-License-Identifier: Apache-2.0 */
/* state.json: whatever is in it is refused, or is the same after it was written again. */
#include <fcntl.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "runtime/record.h"
#include "tests/fuzz/fuzz.h"

static char path[] = "/tmp/hull-fuzz-XXXXXX";

static void folder_remove(void)
{
	(void)rmdir(path);
}

/* One for all inputs; empty between them. */
static int folder(void)
{
	static int fd = -1;

	if (fd < 0) {
		FUZZ_NEED(mkdtemp(path));
		(void)atexit(folder_remove);
		fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		FUZZ_NEED(fd >= 0);
	}
	return fd;
}

static bool same(const char *one, const char *other)
{
	return one && other ? !strcmp(one, other) : one == other;
}

static void check_again(const struct container_record *first)
{
	_cleanup_arena_ struct arena arena = { 0 };
	struct container_record again = { 0 };

	FUZZ_NEED(record_save(folder(), first) >= 0);
	FUZZ_NEED(record_load(&arena, folder(), &again) >= 0);
	FUZZ_NEED(same(first->id, again.id) && same(first->bundle, again.bundle));
	FUZZ_NEED(same(first->cgroup, again.cgroup) && same(first->rootfs, again.rootfs));
	FUZZ_NEED(first->pid == again.pid && first->pid_start == again.pid_start);
	FUZZ_NEED(first->shared_pids == again.shared_pids);
	FUZZ_NEED(first->annotations.count == again.annotations.count);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	_cleanup_arena_ struct arena arena = { 0 };
	struct container_record record = { 0 };
	_cleanup_close_ int fd =
		openat(folder(), "state.json", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	int r;

	FUZZ_NEED(fd >= 0 && file_write_all(fd, bytes, length) >= 0);
	error_clear();
	r = record_load(&arena, folder(), &record);
	if (r >= 0) {
		check_again(&record);
	} else {
		FUZZ_NEED(!strncmp(error_text(r), "state.json: ", 12));
		FUZZ_NEED(!strpbrk(error_text(r), "\n\r\t\x1b"));
	}
	(void)unlinkat(folder(), "state.json", 0);
	return 0;
}
