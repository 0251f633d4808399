/* SPDX-License-Identifier: Apache-2.0 */
#include "ns/credential.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/error.h"

/* By number: the C library's wrappers signal threads that hull does not have. */
static int credential_set_groups(const gid_t *groups, size_t count)
{
	if (syscall(SYS_setgroups, count, groups) < 0) {
		/* A user namespace may forbid it (user_namespaces(7)); then there is none to set. */
		if (errno == EPERM && !count)
			return 0;
		return error_errno(errno, "process.user.additionalGids: cannot be set");
	}
	return 0;
}

static int credential_refused(const char *field, const char *kind, unsigned int id)
{
	if (errno == EINVAL)
		return error_set(EINVAL, "process.user.%s: the user namespace has no %s %u", field,
			kind, id);
	return error_errno(errno, "process.user.%s: cannot become %u", field, id);
}

static int credential_set_ids(uid_t uid, gid_t gid)
{
	if (syscall(SYS_setresgid, gid, gid, gid) < 0)
		return credential_refused("gid", "group", gid);
	if (syscall(SYS_setresuid, uid, uid, uid) < 0)
		return credential_refused("uid", "user", uid);
	return 0;
}

int credential_become_root(const struct container_plan *plan)
{
	const struct config_user *user = plan->process->user;
	int r = plan->keep_groups ? 0 : credential_set_groups(NULL, 0);

	if (r >= 0)
		r = credential_set_ids(0, 0);
	if (r == -EINVAL && user) {
		error_clear();
		r = credential_set_ids((uid_t)user->uid, (gid_t)user->gid);
	}
	return r;
}

static int credential_set_user(const struct config_user *user, bool keep_groups)
{
	gid_t *groups = memory_allocate((user->additional_gids.count + 1) * sizeof(*groups));
	_cleanup_free_ void *owned = groups;
	int r;

	for (size_t i = 0; i < user->additional_gids.count; i++)
		groups[i] = (gid_t)user->additional_gids.items[i];
	r = keep_groups ? 0 : credential_set_groups(groups, user->additional_gids.count);
	return r < 0 ? r : credential_set_ids((uid_t)user->uid, (gid_t)user->gid);
}

int credential_apply(const struct container_plan *plan)
{
	static const struct config_user root;
	const struct config_process *process = plan->process;
	const struct capability_sets *sets = &plan->capabilities;
	bool hold_admin = plan->seccomp && !process->no_new_privileges;
	const struct config_user *user = process->user ? process->user : &root;
	int r = capability_drop_bounding(sets);

	if (r < 0)
		return r;
	/* execve ends it (capabilities(7)). */
	if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0)
		return error_errno(errno, "PR_SET_KEEPCAPS");
	r = credential_set_user(user, plan->keep_groups);
	if (r < 0)
		return r;
	r = capability_apply(sets, hold_admin ? 1ull << CAP_SYS_ADMIN : 0);
	if (r < 0)
		return r;
	if (process->no_new_privileges && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return error_errno(errno, "process.noNewPrivileges: cannot be set");
	(void)umask(user->umask.set ? (mode_t)user->umask.value & 0777 : 0022);
	return 0;
}
