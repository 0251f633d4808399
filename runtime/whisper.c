/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/whisper.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/process.h"
#include "include/hull/cpu.h"
#include "runtime/self.h"
#include "runtime/state_mount.h"
#include "runtime/whisper_page.h"
#include "runtime/whisper_writer.h"

#define PAGE "cpu"

int whisper_prepare(const struct container *container, struct config *config)
{
	_cleanup_close_ int fd = -EBADF;
	int r;

	if (!config_namespace(config, NAMESPACE_MOUNT))
		return error_set(EINVAL, "the whisper needs a mount namespace: add one to "
					 "linux.namespaces of config.json");
	fd = openat(container->folder_fd, PAGE, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	/* Whoever the container's user is, and whatever the umask. */
	if (fd < 0 || fchmod(fd, 0644) < 0)
		return error_errno(errno, "cannot make the whisper's page");
	r = whisper_page_make(fd);
	return r < 0 ? error_errno(r, "cannot write the whisper's page")
		     : state_mount_add(container, config, PAGE, HULL_CPU_PATH);
}

/*
 * A process of its own, and nobody's child who would have to wait for it. It keeps nothing of
 * what hull has open: not the lock of the container, not the ends of an engine's pipes.
 */
static _Noreturn void whisper_become(
	int page_fd, const struct process_handle *handle, const char *id, const char *cgroup_saved)
{
	const int kept[] = { page_fd, handle->pidfd };
	struct cgroup *cgroup = NULL;

	(void)setsid();
	(void)prctl(PR_SET_NAME, "hull-whisper");
	process_hide();
	process_close_others(0, kept, ARRAY_SIZE(kept));
	self_fill_standard_descriptors();
	(void)chdir("/");
	if (cgroup_open(&cgroup, id, NULL, cgroup_saved) >= 0)
		whisper_write(page_fd, handle->pid, handle->pidfd, cgroup);
	_exit(1);
}

int whisper_start(const struct container *container, const struct cgroup *cgroup,
	const struct process_handle *handle)
{
	_cleanup_close_ int page_fd = -EBADF;
	pid_t pid;

	if (cgroup_is_none(cgroup))
		return error_set(EOPNOTSUPP, "the whisper needs a cgroup, and the container has "
					     "none");
	page_fd = openat(container->folder_fd, PAGE, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	if (page_fd < 0)
		return error_errno(errno, "the whisper's page");
	pid = process_clone(0, -1, NULL);
	if (pid == 0) {
		if (process_clone(0, -1, NULL) == 0)
			whisper_become(page_fd, handle, container->id, cgroup_saved(cgroup));
		_exit(0);
	}
	if (pid < 0)
		return error_errno((int)pid, "cannot start the whisper's writer");
	(void)process_wait(pid);
	return 0;
}
