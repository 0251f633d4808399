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
#include "base/id_helper.h"

/* The two files of a user namespace, and who writes them for an ordinary user. */
static const struct id_kind {
	const char *file, *helper, *field;
} uid_kind = { "uid_map", "newuidmap", "linux.uidMappings" },
  gid_kind = { "gid_map", "newgidmap", "linux.gidMappings" };

static int id_map_write_text(
	int proc_fd, pid_t pid, const char *file, const struct config_id_mappings *mappings)
{
	_cleanup_buffer_ struct buffer text = { 0 };
	char path[64];

	for (size_t i = 0; i < mappings->count; i++)
		buffer_format(&text, "%llu %llu %llu\n",
			(unsigned long long)mappings->items[i].container_id,
			(unsigned long long)mappings->items[i].host_id,
			(unsigned long long)mappings->items[i].size);
	(void)snprintf(path, sizeof(path), "%d/%s", pid, file);
	return file_write_at(proc_fd, path, text.data ? text.data : "");
}

/*
 * user_namespaces(7): without privileges a group may be mapped only once nobody in
 * the namespace can drop groups any more, because a group can also take rights away.
 */
static int id_map_deny_setgroups(int proc_fd, pid_t pid)
{
	char path[64];
	int r;

	(void)snprintf(path, sizeof(path), "%d/setgroups", pid);
	r = file_write_at(proc_fd, path, "deny");
	return r < 0 ? error_errno(r, "cannot deny setgroups in the user namespace") : 0;
}

static bool id_map_is_own(const struct config_id_mappings *mappings, uint64_t id)
{
	return mappings->count == 1 && mappings->items[0].size == 1 &&
	       mappings->items[0].host_id == id;
}

static int id_map_write_kind(int proc_fd, pid_t pid, const struct id_kind *kind, uint64_t own_id,
	const struct config_id_mappings *mappings)
{
	int r = id_map_write_text(proc_fd, pid, kind->file, mappings);

	if (r == -EPERM && kind == &gid_kind && id_map_is_own(mappings, own_id)) {
		r = id_map_deny_setgroups(proc_fd, pid);
		if (r < 0)
			return r;
		r = id_map_write_text(proc_fd, pid, kind->file, mappings);
	} else if (r == -EPERM && geteuid() != 0) {
		r = id_helper_run(kind->helper, pid, mappings->items, mappings->count);
		return r < 0 ? error_context(r, "config.json: %s", kind->field) : 0;
	}
	return r < 0 ? error_errno(r, "cannot write the %s of the user namespace", kind->file) : 0;
}

int id_map_write(int proc_fd, pid_t pid, const struct config_id_mappings *uids,
	const struct config_id_mappings *gids)
{
	int r = id_map_write_kind(proc_fd, pid, &uid_kind, geteuid(), uids);

	return r < 0 ? r : id_map_write_kind(proc_fd, pid, &gid_kind, getegid(), gids);
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
