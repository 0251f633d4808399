/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/isolation.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "base/process.h"
#include "cgroup/cgroup.h"
#include "ns/container_exec.h"
#include "ns/container_init.h"
#include "ns/limit.h"
#include "runtime/cgroup_owner.h"
#include "runtime/conversation.h"
#include "runtime/host_cgroup.h"
#include "runtime/host_checkpoint.h"
#include "runtime/host_mounts.h"
#include "runtime/host_plan.h"
#include "runtime/host_process.h"
#include "runtime/host_rdt.h"
#include "runtime/host_tenant.h"
#include "runtime/host_watch.h"
#include "runtime/population.h"
#include "runtime/whisper.h"

static int host_make_fifo(const struct container *container)
{
	int fd;

	/* The waiting process opens it with the ids of the container's user. */
	if (mkfifoat(container->folder_fd, "exec.fifo", 0622) < 0 ||
		fchmodat(container->folder_fd, "exec.fifo", 0622, 0) < 0)
		return error_errno(errno, "cannot make exec.fifo");
	fd = openat(container->folder_fd, "exec.fifo", O_PATH | O_CLOEXEC);
	return fd < 0 ? error_errno(errno, "exec.fifo") : fd;
}

static int host_record(struct conversation *talk)
{
	return host_record_process(talk->container, talk->handle);
}

static int host_create(struct container *container, int bundle_fd,
	const struct process_request *request, struct process_handle *handle)
{
	_cleanup_cgroup_ struct cgroup *cgroup = NULL;
	_cleanup_host_plan_ struct host_plan plan = HOST_PLAN_NONE;
	_cleanup_conversation_ struct conversation talk = CONVERSATION_NONE;
	_cleanup_host_tenant_ struct host_tenant tenant = HOST_TENANT_NONE;
	int r = host_plan_prepare(&plan, container, bundle_fd, request);

	if (r >= 0)
		r = host_make_cgroup(
			container, request, request->config->linux->resources, &tenant, &cgroup);
	if (r >= 0)
		r = host_rdt_make(container, request->config->linux->intel_rdt);
	if (r >= 0)
		r = host_plan_set_cgroup(&plan, cgroup);
	if (r >= 0 && request->wait_for_start)
		r = plan.init.fifo_fd = host_make_fifo(container);
	if (r >= 0)
		r = conversation_open(&talk, container, request, handle, host_record);
	if (r < 0)
		return r;
	plan.init.socket_fd = talk.child_fd;
	plan.init.runtime_fd = talk.runtime_fd;
	r = host_plan_spawn(&plan, handle);
	if (r >= 0)
		r = host_plan_furnish(&plan, handle);
	if (r >= 0)
		r = host_rdt_enter(container, handle->pid);
	if (r >= 0)
		r = limit_oom_score(&plan.init, handle->pid);
	if (r >= 0)
		r = host_start_cgroup(
			container, request->config->linux->resources, &tenant, cgroup, handle->pid);
	if (r >= 0)
		r = cgroup_owner_set(cgroup, request->config);
	if (r >= 0 && request->whisper)
		r = whisper_start(container, cgroup, handle);
	if (r >= 0)
		r = conversation_run(&talk, &plan.init);
	if (r >= 0)
		r = host_rdt_settle(container, request->config->linux->intel_rdt);
	if (r < 0) {
		host_plan_take_back(&plan);
		process_handle_abandon(handle);
	}
	return r;
}

/* The program's process writes to the fifo what went wrong, or executes and so closes it. */
static int host_read_start(int fifo_fd, int pidfd)
{
	_cleanup_buffer_ struct buffer text = { 0 };
	struct pollfd ends[] = { { .fd = fifo_fd, .events = POLLIN },
		{ .fd = pidfd, .events = POLLIN } };
	int r;

	/* Without a writer yet, read(2) would see the end of the file at once. */
	if (poll(ends, ARRAY_SIZE(ends), -1) < 0)
		return error_errno(errno, "exec.fifo");
	if (!ends[0].revents)
		return error_set(ESRCH, "the container's process has ended");
	if (fcntl(fifo_fd, F_SETFL, 0) < 0)
		return error_errno(errno, "exec.fifo");
	r = file_read_fd(fifo_fd, &text, ERROR_TEXT_BYTES);
	if (r < 0)
		return error_errno(r, "exec.fifo");
	return text.length ? error_set(EIO, "%s", text.data) : 0;
}

static int host_start(struct container *container)
{
	_cleanup_close_ int pidfd = container_process_open(container);
	_cleanup_close_ int fifo_fd = -EBADF;
	int r;

	if (pidfd < 0)
		return error_set(ESRCH, "the container's process has ended");
	fifo_fd = openat(container->folder_fd, "exec.fifo", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fifo_fd < 0)
		return error_errno(errno, "exec.fifo");
	r = host_read_start(fifo_fd, pidfd);
	if (unlinkat(container->folder_fd, "exec.fifo", 0) < 0 && r >= 0)
		r = error_errno(errno, "cannot remove exec.fifo");
	return r;
}

/*
 * Where the container has divided its v2 group among groups of its own, the new
 * process goes where its first one is. Seldom, so it is seen by the kernel's refusal.
 * Not where it was CHOSEN.
 */
static int host_spawn_exec(struct host_plan *plan, struct cgroup *cgroup, bool chosen, int pidfd,
	const struct container *container, struct process_handle *handle)
{
	int r = host_plan_spawn_beside(plan, pidfd, handle);

	if (r == -EBUSY && chosen)
		return error_set(EBUSY,
			"--cgroup: error adding pid of the process to cgroups: device or resource "
			"busy (one with controllers for groups below it holds no processes)");
	if (r != -EBUSY || cgroup_descend_to(cgroup, (pid_t)container->record.pid) < 0)
		return r;
	error_clear();
	r = host_plan_set_cgroup(plan, cgroup);
	return r < 0 ? r : host_plan_spawn_beside(plan, pidfd, handle);
}

static int host_exec(struct container *container, const struct process_request *request,
	struct process_handle *handle)
{
	_cleanup_cgroup_ struct cgroup *cgroup = NULL;
	_cleanup_close_ int pidfd = container_process_open(container);
	_cleanup_host_plan_ struct host_plan plan = HOST_PLAN_NONE;
	_cleanup_conversation_ struct conversation talk = CONVERSATION_NONE;
	bool chosen = request->cgroups && request->cgroups->count;
	int r;

	if (pidfd < 0)
		return error_set(ESRCH, "the container's process has ended");
	r = host_plan_prepare_exec(&plan, container, request);
	if (r >= 0)
		r = host_open_cgroup(container, &cgroup);
	if (r >= 0 && chosen)
		r = cgroup_descend(cgroup, request->cgroups);
	if (r >= 0)
		r = host_plan_set_cgroup(&plan, cgroup);
	if (r >= 0)
		r = conversation_open(&talk, container, request, handle, NULL);
	if (r < 0)
		return r;
	plan.init.socket_fd = talk.child_fd;
	plan.init.runtime_fd = talk.runtime_fd;
	r = host_spawn_exec(&plan, cgroup, chosen, pidfd, container, handle);
	if (r >= 0)
		r = limit_scheduler(&plan.init, handle->pid);
	if (r >= 0)
		r = host_rdt_enter(container, handle->pid);
	if (r >= 0)
		r = conversation_run(&talk, &plan.init);
	if (r < 0)
		process_handle_abandon(handle);
	return r;
}

static int host_kill_all(const struct container *container, const struct cgroup *cgroup, int signal)
{
	return cgroup_is_none(cgroup) ? population_signal(container, signal)
				      : cgroup_kill(cgroup, signal);
}

static int host_kill(const struct container *container, int signal, bool all)
{
	_cleanup_cgroup_ struct cgroup *cgroup = NULL;
	_cleanup_close_ int pidfd = -EBADF;
	int r;

	if (all) {
		r = host_open_cgroup(container, &cgroup);
		return r < 0 ? r : host_kill_all(container, cgroup, signal);
	}
	pidfd = container_process_open(container);
	r = pidfd < 0 ? pidfd : process_signal(pidfd, signal);
	/* Engines look for these words. */
	if (r == -ESRCH)
		return error_set(ESRCH, "container not running");
	return r < 0 ? error_errno(r, "cannot signal the container's process") : 0;
}

static int host_freeze(const struct container *container, bool frozen)
{
	_cleanup_cgroup_ struct cgroup *cgroup = NULL;
	int r = host_open_cgroup(container, &cgroup);

	return r < 0 ? r : cgroup_freeze(cgroup, frozen);
}

static bool host_is_frozen(const struct container *container)
{
	_cleanup_cgroup_ struct cgroup *cgroup = NULL;

	if (!container->record.cgroup || host_open_cgroup(container, &cgroup) < 0) {
		error_clear();
		return false;
	}
	return cgroup_is_frozen(cgroup);
}

static int host_processes(const struct container *container, pid_t **pids, size_t *count)
{
	_cleanup_cgroup_ struct cgroup *cgroup = NULL;
	int r = host_open_cgroup(container, &cgroup);

	if (r < 0)
		return r;
	return cgroup_is_none(cgroup) ? population_list(container, pids, count)
				      : cgroup_processes(cgroup, pids, count);
}

static int host_update(struct container *container, const struct config_resources *resources,
	const struct config_intel_rdt *rdt)
{
	_cleanup_cgroup_ struct cgroup *cgroup = NULL;
	struct host_rdt_before before = { 0 };
	int r = host_open_cgroup(container, &cgroup);

	if (r >= 0 && rdt)
		r = host_rdt_update(container, rdt, &before);
	if (r >= 0)
		r = cgroup_apply(cgroup, resources, true);
	if (r < 0 && rdt)
		host_rdt_undo(container, &before);
	buffer_free(&before.schemata);
	return r;
}

static int host_write_stats(const struct container *container, struct json_writer *writer)
{
	_cleanup_cgroup_ struct cgroup *cgroup = NULL;
	int r = host_open_cgroup(container, &cgroup);

	if (r >= 0)
		r = cgroup_write_stats(cgroup, writer);
	if (r >= 0)
		host_rdt_write_stats(container, writer);
	return r;
}

static int host_watch(const struct container *container, const struct watch_request *request)
{
	_cleanup_cgroup_ struct cgroup *cgroup = NULL;
	int r = host_open_cgroup(container, &cgroup);

	if (r >= 0 && cgroup_is_none(cgroup))
		r = error_set(EOPNOTSUPP,
			"the container has no cgroup, and without one nothing tells what happens "
			"to it");
	return r < 0 ? r : host_watch_run(container, cgroup, request);
}

/* The first process may not be in the cgroup yet, or have been moved out of it. */
static void host_end_process(const struct container *container)
{
	_cleanup_close_ int pidfd = container_process_open(container);

	if (pidfd < 0)
		return;
	(void)process_signal(pidfd, SIGKILL);
	(void)process_wait_fd(pidfd, 10000);
}

/*
 * Without a record: where the cgroup is, if there is one, create decided by the
 * configuration and the id. A path that is not named after the container may be
 * somebody else's too, and is left alone.
 */
static int host_find_cgroup(const struct container *container, struct cgroup **cgroup)
{
	static const struct string_map no_annotations;
	_cleanup_config_ struct config config = { 0 };
	const char *path = NULL;
	int r;

	if (container_load_config(container, &config) >= 0)
		path = config.linux->cgroups_path;
	error_clear();
	if (path && !strstr(path, container->id))
		path = NULL;
	/* Such a path is for systemd. */
	if (path && strchr(path, ':') && !strchr(path, '/') &&
		cgroup_open_systemd(cgroup, container->id, path, &no_annotations) >= 0)
		return host_tenant_find(&config, *cgroup);
	error_clear();
	r = cgroup_open(cgroup, container->id, path, NULL);
	return r < 0 ? r : host_tenant_find(&config, *cgroup);
}

static int host_destroy(const struct container *container)
{
	_cleanup_cgroup_ struct cgroup *cgroup = NULL;
	int r;

	if (!container->record.cgroup && !container->record.damaged) {
		host_end_process(container);
		host_tenant_leave(container, NULL);
		return host_rdt_remove(container);
	}
	r = container->record.damaged ? host_find_cgroup(container, &cgroup)
				      : host_open_cgroup(container, &cgroup);
	if (r < 0)
		return r;
	r = host_kill_all(container, cgroup, SIGKILL);
	host_end_process(container);
	if (r >= 0)
		r = cgroup_remove(cgroup);
	if (r < 0)
		return r;
	host_tenant_leave(container, cgroup);
	return host_rdt_remove(container);
}

const struct isolation isolation_host = {
	.name = "host",
	.create = host_create,
	.start = host_start,
	.exec = host_exec,
	.kill = host_kill,
	.freeze = host_freeze,
	.is_frozen = host_is_frozen,
	.processes = host_processes,
	.update = host_update,
	.change_mounts = host_change_mounts,
	.write_stats = host_write_stats,
	.watch = host_watch,
	.checkpoint = host_checkpoint,
	.examine = host_examine,
	.restore = host_restore,
	.destroy = host_destroy,
};
