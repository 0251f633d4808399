/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/checkpoint_ability.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "runtime/isolation.h"
#include "runtime/obstacle.h"

/* CRIU moves memory by pipes of 819 pages, which the kernel rounds up to this. */
#define CRIU_PIPE_BYTES	  (4 * 1024 * 1024)
#define FILESYSTEMS_BYTES 65536

/* Where it may not have them, CRIU fails late, with "page-pipe: splice: Bad file descriptor". */
static int check_pipes(void)
{
	int ends[2], size;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return error_errno(errno, "pipe");
	size = fcntl(ends[1], F_SETPIPE_SZ, CRIU_PIPE_BYTES);
	file_close(&ends[0]);
	file_close(&ends[1]);
	if (size < 0)
		return error_set(EOPNOTSUPP,
			"--lazy-pages: CRIU needs pipes of 4 MiB: sysctl fs.pipe-max-size=%d, or "
			"CAP_SYS_RESOURCE",
			CRIU_PIPE_BYTES);
	return 0;
}

static int check_lazy(struct criu *criu)
{
	bool track_memory = false, lazy_pages = false;
	int r = criu_features(criu, &track_memory, &lazy_pages);

	if (r >= 0 && !lazy_pages)
		r = error_set(EOPNOTSUPP,
			"--lazy-pages: this kernel (userfaultfd), or CRIU, cannot do that");
	return r;
}

static int check_tracking(struct criu *criu, const struct checkpoint_request *request)
{
	bool track_memory = false, lazy_pages = false;
	int r = criu_features(criu, &track_memory, &lazy_pages);

	if (r >= 0 && !track_memory)
		r = error_set(EOPNOTSUPP,
			"%s: this kernel does not track written memory (CONFIG_MEM_SOFT_DIRTY)",
			request->pre_dump ? "--pre-dump" : "--parent-path");
	return r;
}

/* The first descriptor that no option helps against. */
static int check_descriptors(const struct criu *criu, const struct container *container,
	const struct checkpoint_request *request)
{
	_cleanup_buffer_ struct buffer words = { 0 };
	struct obstacle_search search = { .container = container,
		.request = request,
		.criu_version = criu->version,
		.hopeless = &words };
	_cleanup_free_ pid_t *processes = NULL;
	size_t count = 0;
	int r = isolation_of(container)->processes(container, &processes, &count);

	for (size_t i = 0; r >= 0 && i < count && !search.found; i++)
		obstacle_descriptors(&search, processes[i]);
	if (r >= 0 && search.found)
		r = error_set(EOPNOTSUPP, "cannot checkpoint: %s", words.data);
	return r;
}

int checkpoint_ability_dump(struct criu *criu, const struct container *container,
	const struct checkpoint_request *request)
{
	int r = 0;

	if (request->pre_dump || request->parent_path)
		r = check_tracking(criu, request);
	if (r >= 0 && request->lazy_pages)
		r = check_lazy(criu);
	if (r >= 0 && request->lazy_pages)
		r = check_pipes();
	/* A pre-dump saves memory alone. */
	return r < 0 || request->pre_dump ? r : check_descriptors(criu, container, request);
}

/* TYPE:NAME; selinuxfs is registered only where SELinux is on. */
static int check_profile(const char *profile)
{
	_cleanup_buffer_ struct buffer text = { 0 };
	const char *colon = strchr(profile, ':');
	size_t length = colon ? (size_t)(colon - profile) : 0;
	bool there;

	if (length == strlen("apparmor") && !strncmp(profile, "apparmor", length)) {
		there = file_read_at(AT_FDCWD, "/sys/module/apparmor/parameters/enabled", &text,
				FILESYSTEMS_BYTES) >= 0 &&
			text.length && text.data[0] == 'Y';
	} else if (length == strlen("selinux") && !strncmp(profile, "selinux", length)) {
		there = file_read_at(AT_FDCWD, "/proc/filesystems", &text, FILESYSTEMS_BYTES) >=
				0 &&
			text.length && strstr(text.data, "\tselinuxfs\n");
	} else {
		return error_set(EINVAL,
			"--lsm-profile: must be apparmor:NAME or selinux:LABEL, got \"%s\"",
			profile);
	}
	return there ? 0
		     : error_set(EOPNOTSUPP, "--lsm-profile: %.*s is not on in this kernel",
			       (int)length, profile);
}

int checkpoint_ability_restore(struct criu *criu, const struct checkpoint_request *request)
{
	int r = request->lsm_profile ? check_profile(request->lsm_profile) : 0;

	return r >= 0 && request->lazy_pages ? check_lazy(criu) : r;
}
