/* SPDX-License-Identifier: Apache-2.0 */
#include "image/user_namespace.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pwd.h>
#include <sched.h>
#include <stdio.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/id_helper.h"
#include "base/id_range.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/process.h"

#define TTY_GROUP 5

struct mappings {
	struct id_mapping uids[2], gids[2];
	size_t count; /* of each */
};

static bool has_program(const char *name)
{
	static const char *const folders[] = { "/usr/bin", "/bin", "/usr/local/bin" };

	for (size_t i = 0; i < ARRAY_SIZE(folders); i++) {
		_cleanup_free_ char *path = string_format("%s/%s", folders[i], name);

		if (access(path, X_OK) == 0)
			return true;
	}
	return false;
}

/* Both ranges or none: a user without groups would be half a user. */
static void find_mappings(struct mappings *mappings)
{
	const struct passwd *user = getpwuid(geteuid());
	const char *name = user ? user->pw_name : NULL;
	struct id_range uids, gids;

	*mappings = (struct mappings){
		.uids = { { 0, geteuid(), 1 } }, .gids = { { 0, getegid(), 1 } }, .count = 1
	};
	if (!id_range_find("/etc/subuid", name, geteuid(), &uids) ||
		!id_range_find("/etc/subgid", name, geteuid(), &gids)) {
		log_info("no range in /etc/subuid and /etc/subgid: only your own id in the image");
		return;
	}
	if (!has_program("newuidmap") || !has_program("newgidmap")) {
		log_info("newuidmap is not here (Debian: uidmap): only your own id in the image");
		return;
	}
	mappings->uids[1] = (struct id_mapping){ 1, uids.first, uids.count };
	mappings->gids[1] = (struct id_mapping){ 1, gids.first, gids.count };
	mappings->count = 2;
}

/* The kernel lets a process map its own ids, without groups that could be given up. */
static int map_own(const struct mappings *mappings)
{
	char uids[64], gids[64];
	int r;

	(void)snprintf(uids, sizeof(uids), "0 %" PRIu64 " 1", mappings->uids[0].host_id);
	(void)snprintf(gids, sizeof(gids), "0 %" PRIu64 " 1", mappings->gids[0].host_id);
	r = file_write_at(AT_FDCWD, "/proc/self/setgroups", "deny");
	if (r >= 0 || r == -ENOENT)
		r = file_write_at(AT_FDCWD, "/proc/self/uid_map", uids);
	if (r >= 0)
		r = file_write_at(AT_FDCWD, "/proc/self/gid_map", gids);
	return r < 0 ? error_errno(r, "cannot map your ids into a user namespace") : 0;
}

/* newuidmap has to run outside: this process waits until its parent is inside. */
static __attribute__((noreturn)) void map_from_outside(
	pid_t parent, const struct mappings *mappings, int gate_fd, int answer_fd)
{
	char byte;
	int r;

	/* A byte: it is. The end: it gave up. */
	if (read(gate_fd, &byte, 1) != 1)
		_exit(0);
	r = id_helper_run("newuidmap", parent, mappings->uids, mappings->count);
	if (r >= 0)
		r = id_helper_run("newgidmap", parent, mappings->gids, mappings->count);
	if (r < 0) {
		const char *text = error_text(r);

		(void)dprintf(answer_fd, "%s", text);
	}
	_exit(r < 0);
}

static int enter(int flags)
{
	if (unshare(CLONE_NEWUSER | flags) < 0)
		return error_errno(
			errno, "cannot make a user namespace (`hull doctor rootless` tells why)");
	return 0;
}

static int enter_by_helper(int flags, const struct mappings *mappings)
{
	_cleanup_buffer_ struct buffer answer = { 0 };
	_cleanup_close_ int gate_out = -EBADF, gate_in = -EBADF, out = -EBADF, in = -EBADF;
	int gate[2], ends[2], status, r;
	pid_t parent = getpid(), child;

	if (pipe2(gate, O_CLOEXEC) < 0)
		return error_errno(errno, "pipe");
	gate_out = gate[0];
	gate_in = gate[1];
	if (pipe2(ends, O_CLOEXEC) < 0)
		return error_errno(errno, "pipe");
	out = ends[0];
	in = ends[1];
	child = process_clone(0, -1, NULL);
	if (child < 0)
		return error_errno(child, "cannot make a process for newuidmap");
	if (child == 0) {
		file_close(&gate_in);
		map_from_outside(parent, mappings, gate_out, in);
	}
	file_close(&in);
	r = enter(flags);
	if (r >= 0 && write(gate_in, "", 1) != 1)
		r = error_errno(errno, "pipe");
	file_close(&gate_in);
	(void)file_read_fd(out, &answer, ERROR_TEXT_BYTES);
	status = process_wait(child);
	if (r < 0 || status == 0)
		return r;
	return error_set(EPERM, "%s", answer.length ? answer.data : "newuidmap failed");
}

int user_namespace_enter(int flags, bool *tty_group)
{
	struct mappings mappings;
	int r;

	find_mappings(&mappings);
	*tty_group = mappings.count == 2 && mappings.gids[1].size >= TTY_GROUP;
	if (mappings.count == 2)
		return enter_by_helper(flags, &mappings);
	r = enter(flags);
	return r < 0 ? r : map_own(&mappings);
}
