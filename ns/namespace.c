/* SPDX-License-Identifier: Apache-2.0 */
#include "ns/namespace.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/nsfs.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/file.h"
#include "base/process.h"

int setns(int fd, int flags);
int unshare(int flags);

static const uint64_t flags_of[NAMESPACE_TYPES] = {
	[NAMESPACE_PID] = CLONE_NEWPID,
	[NAMESPACE_NETWORK] = CLONE_NEWNET,
	[NAMESPACE_MOUNT] = CLONE_NEWNS,
	[NAMESPACE_IPC] = CLONE_NEWIPC,
	[NAMESPACE_UTS] = CLONE_NEWUTS,
	[NAMESPACE_USER] = CLONE_NEWUSER,
	[NAMESPACE_CGROUP] = CLONE_NEWCGROUP,
	[NAMESPACE_TIME] = CLONE_NEWTIME,
};

uint64_t namespace_flag(enum namespace_type type)
{
	return flags_of[type];
}

static int namespace_open(const struct config_namespace *namespace, size_t index)
{
	_cleanup_close_ int fd = open(namespace->path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	int kind;

	if (fd < 0)
		return error_errno(errno, "config.json: linux.namespaces[%zu].path: %s", index,
			namespace->path);
	kind = ioctl(fd, NS_GET_NSTYPE);
	if (kind < 0 || (uint64_t)(unsigned int)kind != flags_of[namespace->type])
		return error_set(EINVAL,
			"config.json: linux.namespaces[%zu].path: %s is no %s namespace", index,
			namespace->path, namespace_names[namespace->type]);
	return TAKE_FD(fd);
}

int namespace_set_open(struct namespace_set *set, const struct config *config, int proc_fd)
{
	*set = (struct namespace_set){ .proc_fd = proc_fd };
	for (int type = 0; type < NAMESPACE_TYPES; type++)
		set->join_fds[type] = -1;
	set->time_offsets = &config->linux->time_offsets;
	for (size_t i = 0; i < config->linux->namespaces.count; i++) {
		const struct config_namespace *namespace = &config->linux->namespaces.items[i];
		int fd;

		if (!namespace->path) {
			set->new_flags |= flags_of[namespace->type];
			continue;
		}
		fd = namespace_open(namespace, i);
		if (fd < 0)
			return fd;
		set->join_fds[namespace->type] = fd;
	}
	return 0;
}

void namespace_set_close(struct namespace_set *set)
{
	for (int type = 0; type < NAMESPACE_TYPES; type++)
		file_close(&set->join_fds[type]);
}

bool namespace_has_user(const struct namespace_set *set)
{
	return set->join_fds[NAMESPACE_USER] >= 0 ||
	       (set->new_flags | set->beside_flags) & CLONE_NEWUSER;
}

static bool namespace_joins(const struct namespace_set *set)
{
	for (int type = 0; type < NAMESPACE_TYPES; type++)
		if (set->join_fds[type] >= 0)
			return true;
	return false;
}

/*
 * A process enters a pid or time namespace only by being born into it, and what
 * it joins must be joined before its user namespace is made or joined.
 */
static bool namespace_needs_helper(const struct namespace_set *set)
{
	return set->join_fds[NAMESPACE_PID] >= 0 || set->join_fds[NAMESPACE_TIME] >= 0 ||
	       set->new_flags & CLONE_NEWTIME || (namespace_has_user(set) && namespace_joins(set));
}

static int namespace_join(const struct namespace_set *set, int type)
{
	if (setns(set->join_fds[type], (int)flags_of[type]) < 0)
		return error_errno(errno,
			"config.json: linux.namespaces: cannot join the %s namespace",
			namespace_names[type]);
	return 0;
}

/*
 * A namespace may belong to the host's user namespace or to the one that is
 * joined; which, only trying tells. So: all others, then user, then the rest.
 */
static int namespace_join_all(const struct namespace_set *set)
{
	bool left[NAMESPACE_TYPES] = { false };
	int r;

	for (int type = 0; type < NAMESPACE_TYPES; type++) {
		if (set->join_fds[type] < 0 || type == NAMESPACE_USER)
			continue;
		r = namespace_join(set, type);
		if (r == -EPERM && set->join_fds[NAMESPACE_USER] >= 0)
			left[type] = true;
		else if (r < 0)
			return r;
	}
	if (set->join_fds[NAMESPACE_USER] >= 0) {
		r = namespace_join(set, NAMESPACE_USER);
		if (r < 0)
			return r;
	}
	for (int type = 0; type < NAMESPACE_TYPES; type++) {
		if (left[type]) {
			r = namespace_join(set, type);
			if (r < 0)
				return r;
		}
	}
	return 0;
}

/* time_namespaces(7): the offsets are set before the first process is born into it. */
static int namespace_set_time(const struct namespace_set *set)
{
	_cleanup_buffer_ struct buffer text = { 0 };
	int r;

	if (!(set->new_flags & CLONE_NEWTIME))
		return 0;
	if (unshare(CLONE_NEWTIME) < 0)
		return error_errno(errno, "cannot make a time namespace");
	if (!set->time_offsets || !set->time_offsets->count)
		return 0;
	for (size_t i = 0; i < set->time_offsets->count; i++)
		buffer_format(&text, "%s %" PRId64 " %" PRIu64 "\n",
			set->time_offsets->items[i].key, set->time_offsets->items[i].seconds,
			set->time_offsets->items[i].nanoseconds);
	r = file_write_at(set->proc_fd, "self/timens_offsets", text.data);
	return r < 0 ? error_errno(r, "config.json: linux.timeOffsets: cannot be set") : 0;
}

/* What the helper tells us, in memory that both see. */
struct helper_report {
	volatile pid_t pid;
	int error;
	char text[ERROR_TEXT_BYTES];
};

struct helper {
	const struct namespace_set *set;
	int beside_pidfd; /* -1: none */
	int cgroup_fd;
	struct namespace_steps steps;
	struct helper_report *report;
};

static int helper_join(const struct helper *helper)
{
	int r;

	if (helper->beside_pidfd >= 0) {
		r = helper->steps.begin(helper->steps.context);
		if (r < 0)
			return r;
		if (setns(helper->beside_pidfd, (int)helper->set->beside_flags) < 0)
			return error_errno(errno, "cannot join the container's namespaces");
		return helper->steps.prepare(helper->steps.context);
	}
	/* Mapped through files that only the owner of the process may open. */
	if (!(helper->set->new_flags & CLONE_NEWUSER))
		process_hide();
	r = namespace_join_all(helper->set);
	return r < 0 ? r : namespace_set_time(helper->set);
}

static __attribute__((noreturn)) void helper_run(const struct helper *helper)
{
	uint64_t flags = helper->set->new_flags & ~(uint64_t)(CLONE_NEWCGROUP | CLONE_NEWTIME);
	int r;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	r = helper_join(helper);
	if (r >= 0) {
		r = process_clone(flags | CLONE_PARENT, -1, NULL);
		if (r == 0)
			helper->steps.entry(helper->steps.context);
		if (r < 0)
			(void)error_errno(r, "cannot make the process");
	}
	if (r < 0) {
		helper->report->error = r;
		(void)snprintf(
			helper->report->text, sizeof(helper->report->text), "%s", error_text(r));
		_exit(1);
	}
	helper->report->pid = r;
	_exit(0);
}

static int helper_collect(const struct helper_report *report, pid_t pid, struct spawned *spawned)
{
	int status = process_wait(pid);

	if (report->error)
		return error_set(report->error, "%s", report->text);
	if (status != 0 || report->pid <= 0)
		return error_set(EIO, "cannot make the process: the helper ended early");
	spawned->pid = report->pid;
	spawned->pidfd = process_open(spawned->pid);
	if (spawned->pidfd < 0)
		return error_errno(spawned->pidfd, "cannot open the process");
	return 0;
}

static int helper_start(struct helper *helper, struct spawned *spawned)
{
	struct helper_report *report = mmap(
		NULL, sizeof(*report), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pid;
	int r;

	if (report == MAP_FAILED)
		return error_errno(errno, "cannot share memory");
	helper->report = report;
	/* Born in the cgroup, like the child it makes: no descriptor of the host's stays open. */
	pid = process_clone(0, helper->cgroup_fd, NULL);
	if (pid == 0)
		helper_run(helper);
	r = pid < 0 ? error_errno(pid, "cannot make a process")
		    : helper_collect(report, pid, spawned);
	(void)munmap(report, sizeof(*report));
	return r;
}

int namespace_spawn(const struct namespace_set *set, int cgroup_fd, namespace_entry entry,
	void *context, struct spawned *spawned)
{
	struct helper helper = { .set = set,
		.beside_pidfd = -1,
		.cgroup_fd = cgroup_fd,
		.steps = { .entry = entry, .context = context } };
	pid_t pid;

	if (namespace_needs_helper(set))
		return helper_start(&helper, spawned);
	pid = process_clone(
		set->new_flags & ~(uint64_t)CLONE_NEWCGROUP, cgroup_fd, &spawned->pidfd);
	if (pid == 0)
		entry(context);
	if (pid < 0)
		return error_errno(pid, "cannot make a process in new namespaces");
	spawned->pid = pid;
	return 0;
}

int namespace_spawn_beside(const struct namespace_set *set, int pidfd, int cgroup_fd,
	const struct namespace_steps *steps, struct spawned *spawned)
{
	struct helper helper = {
		.set = set, .beside_pidfd = pidfd, .cgroup_fd = cgroup_fd, .steps = *steps
	};

	return helper_start(&helper, spawned);
}

int namespace_enter_late(const struct namespace_set *set)
{
	if (!namespace_needs_helper(set)) {
		int r = namespace_join_all(set);

		if (r < 0)
			return r;
	}
	if (set->new_flags & CLONE_NEWCGROUP && unshare(CLONE_NEWCGROUP) < 0)
		return error_errno(errno, "cannot make a cgroup namespace");
	return 0;
}
