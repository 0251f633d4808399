/* SPDX-License-Identifier: Apache-2.0 */

/* Freezing a container into files, and moving it. */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/userfaultfd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "runtime/doctor/attempt.h"
#include "runtime/doctor/machine.h"

#define CRIU_MILLISECONDS 10000

#ifndef UFFD_USER_MODE_ONLY
#define UFFD_USER_MODE_ONLY 1
#endif
#ifndef UFFD_FEATURE_WP_ASYNC /* Linux 6.7 */
#define UFFD_FEATURE_WP_ASYNC (1 << 15)
#endif

static void probe_criu(struct finding *finding)
{
	_cleanup_free_ char *path = attempt_find_program("criu");
	char *const arguments[] = { path, "--version", NULL };
	_cleanup_buffer_ struct buffer line = { 0 };

	if (!path) {
		finding_set(finding, DOCTOR_MISSING, "no criu in PATH");
		finding_advise(finding, "apt install criu");
		return;
	}
	if (attempt_program(arguments, CRIU_MILLISECONDS, &line) == 0 && line.data) {
		finding_set(finding, DOCTOR_OK, "%.60s (%s)", line.data, path);
		return;
	}
	finding_set(finding, DOCTOR_LIMITED, "%s does not tell its version", path);
	finding_advise(finding, "run criu --version");
}

/* What CRIU says of this kernel, in its own words. */
static void probe_criu_check(struct finding *finding)
{
	static char *const features[] = { "mem_dirty_track", "uffd", "timens", "pidfd_store" };
	_cleanup_free_ char *path = attempt_find_program("criu");
	char *const whole[] = { path, "check", NULL };
	_cleanup_buffer_ struct buffer line = { 0 };
	int r;

	if (!path) {
		finding_set(finding, DOCTOR_MISSING, "no criu to ask");
		return;
	}
	r = attempt_program(whole, CRIU_MILLISECONDS, &line);
	if (r != 0) {
		finding_set(finding, DOCTOR_MISSING, "criu check: %.120s",
			r == -ETIMEDOUT ? "took longer than 10 seconds"
			: line.length	? line.data
					: "failed");
		finding_advise(finding, "run criu check as root");
		return;
	}
	finding_set(finding, DOCTOR_OK, "criu check is content");
	for (size_t i = 0; i < ARRAY_SIZE(features); i++) {
		char *const one[] = { path, "check", "--feature", features[i], NULL };
		_cleanup_buffer_ struct buffer said = { 0 };

		if (attempt_program(one, CRIU_MILLISECONDS, &said) != 0) {
			finding_limit(finding);
			finding_add(finding, "no %s", features[i]);
		}
	}
}

static bool page_is_dirty(const void *page, int pagemap_fd)
{
	uint64_t entry = 0;
	off_t place = (off_t)((uintptr_t)page / (uintptr_t)sysconf(_SC_PAGESIZE) * sizeof(entry));

	return pread(pagemap_fd, &entry, sizeof(entry), place) == sizeof(entry) &&
	       (entry & 1ull << 55);
}

/* In the child: is a page clean after the bits were cleared, and dirty once it was written? */
static int try_soft_dirty(void *data, struct buffer *words)
{
	int pagemap_fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	volatile char *page =
		mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	bool clean;
	int r;

	(void)data;
	(void)words;
	if (pagemap_fd < 0 || page == MAP_FAILED)
		return -errno;
	*page = 1;
	r = file_write_at(AT_FDCWD, "/proc/self/clear_refs", "4");
	if (r < 0)
		return r;
	clean = !page_is_dirty((const void *)page, pagemap_fd);
	*page = 2;
	return clean && page_is_dirty((const void *)page, pagemap_fd) ? 0 : -ENOTSUP;
}

static void probe_soft_dirty(struct finding *finding)
{
	if (attempt(0, -1, try_soft_dirty, NULL, NULL) >= 0) {
		finding_set(finding, DOCTOR_OK, "a written page was found by it");
		return;
	}
	finding_set(finding, DOCTOR_MISSING, "this kernel does not track written pages by it");
	finding_advise(finding, "a kernel with CONFIG_MEM_SOFT_DIRTY");
}

static void probe_write_protect(struct finding *finding)
{
	struct uffdio_api api = { .api = UFFD_API, .features = UFFD_FEATURE_WP_ASYNC };
	_cleanup_close_ int fd =
		(int)syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK | UFFD_USER_MODE_ONLY);

	if (fd < 0) {
		finding_set(finding, DOCTOR_MISSING, "userfaultfd: %s", error_words(errno));
		finding_advise(finding, "sysctl -w vm.unprivileged_userfaultfd=1, for a user");
	} else if (ioctl(fd, UFFDIO_API, &api) < 0) {
		finding_set(finding, DOCTOR_MISSING, "no WP_ASYNC and PAGEMAP_SCAN");
		finding_advise(finding, "Linux 6.7 or newer");
	} else {
		finding_set(finding, DOCTOR_OK, "userfaultfd WP_ASYNC, PAGEMAP_SCAN");
	}
}

static void probe_io_uring(struct finding *finding)
{
	long long disabled = machine_number("/proc/sys/kernel/io_uring_disabled", -1);

	if (disabled == 2) {
		finding_set(finding, DOCTOR_OK, "off for all");
		return;
	}
	finding_set(finding, DOCTOR_LIMITED, "on%s: CRIU cannot save who uses it",
		disabled == 1 ? " for a group" : "");
	finding_advise(
		finding, "sysctl -w kernel.io_uring_disabled=2, where containers shall move");
}

const struct capability doctor_checkpoint = {
	.name = "checkpoint",
	.title = "save containers, restore and move them",
	.probes =
		(const struct probe[]){
			{ "criu", DOCTOR_NEEDED, probe_criu },
			{ "criu-check", DOCTOR_NEEDED, probe_criu_check },
			{ "soft-dirty", DOCTOR_USEFUL, probe_soft_dirty },
			{ "write-protect", DOCTOR_FACT, probe_write_protect },
			{ "io-uring", DOCTOR_FACT, probe_io_uring },
			{ 0 },
		},
};
