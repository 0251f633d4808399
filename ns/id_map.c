/* SPDX-License-Identifier: Apache-2.0 */
#include "ns/id_map.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/file.h"
#include "base/process.h"

static int id_map_write_file(
	int proc_fd, pid_t pid, const char *file, const struct config_id_mappings *mappings)
{
	_cleanup_buffer_ struct buffer text = { 0 };
	char path[64];
	int r;

	for (size_t i = 0; i < mappings->count; i++)
		buffer_format(&text, "%llu %llu %llu\n",
			(unsigned long long)mappings->items[i].container_id,
			(unsigned long long)mappings->items[i].host_id,
			(unsigned long long)mappings->items[i].size);
	(void)snprintf(path, sizeof(path), "%d/%s", pid, file);
	r = file_write_at(proc_fd, path, text.data ? text.data : "");
	return r < 0 ? error_errno(r, "cannot write the %s of the user namespace", file) : 0;
}

int id_map_write(int proc_fd, pid_t pid, const struct config_id_mappings *uids,
	const struct config_id_mappings *gids)
{
	int r = id_map_write_file(proc_fd, pid, "uid_map", uids);

	return r < 0 ? r : id_map_write_file(proc_fd, pid, "gid_map", gids);
}

static int id_map_open_of(int proc_fd, pid_t pid)
{
	char path[32];
	int fd;

	(void)snprintf(path, sizeof(path), "%d/ns/user", pid);
	fd = openat(proc_fd, path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? error_errno(errno, "user namespace for an id-mapped mount") : fd;
}

int id_map_open(
	int proc_fd, const struct config_id_mappings *uids, const struct config_id_mappings *gids)
{
	_cleanup_close_ int pidfd = -EBADF;
	pid_t pid = process_clone(CLONE_NEWUSER, -1, &pidfd);
	int r;

	if (pid < 0)
		return error_errno(pid, "cannot make a user namespace for an id-mapped mount");
	if (pid == 0) {
		/* Only here to own the namespace until it is opened. */
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			(void)pause();
	}
	r = id_map_write(proc_fd, pid, uids, gids);
	if (r >= 0)
		r = id_map_open_of(proc_fd, pid);
	(void)process_signal(pidfd, SIGKILL);
	(void)process_wait(pid);
	return r;
}
