/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/thaw_guard.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/process.h"
#include "runtime/host_cgroup.h"

static __attribute__((noreturn)) void guard_run(
	const struct container *container, int pipe_fd, int criu_pidfd)
{
	const int kept[] = { pipe_fd, criu_pidfd, container->folder_fd };
	struct cgroup *cgroup = NULL;
	char byte;
	ssize_t n;

	/* Nobody waits for the end of what we have, and no terminal's interrupt is meant for us. */
	process_close_others(0, kept, ARRAY_SIZE(kept));
	(void)setsid();
	(void)signal(SIGTERM, SIG_IGN);
	do
		n = read(pipe_fd, &byte, 1);
	while (n < 0 && errno == EINTR);
	if (n > 0)
		_exit(0);
	/* CRIU lets go of the processes first. */
	(void)process_wait_fd(criu_pidfd, -1);
	if (faccessat(container->folder_fd, MIGRATION_MARK, F_OK, 0) < 0 &&
		host_open_cgroup(container, &cgroup) >= 0)
		(void)cgroup_freeze(cgroup, false);
	_exit(0);
}

int thaw_guard_begin(struct thaw_guard *guard, const struct container *container, int criu_pidfd)
{
	_cleanup_close_ int read_fd = -EBADF;
	int ends[2];
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return error_errno(errno, "pipe");
	read_fd = ends[0];
	guard->fd = ends[1];
	pid = process_clone(0, -1, NULL);
	if (pid == 0)
		guard_run(container, read_fd, criu_pidfd);
	if (pid < 0) {
		file_close(&guard->fd);
		return error_errno(pid, "cannot make a process that guards the checkpoint");
	}
	guard->pid = pid;
	return 0;
}

void thaw_guard_end(struct thaw_guard *guard)
{
	if (guard->pid <= 0)
		return;
	(void)!write(guard->fd, "", 1);
	file_close(&guard->fd);
	(void)process_wait(guard->pid);
	guard->pid = 0;
}
