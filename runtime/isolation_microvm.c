/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The container in a virtual machine: its process on this machine is the monitor, whose
 * cgroup, pid and exit code are the container's. What only looks at those is the host's.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/process.h"
#include "cgroup/cgroup.h"
#include "runtime/host_tenant.h"
#include "runtime/isolation.h"
#include "runtime/microvm_monitor.h"
#include "runtime/microvm_network.h"

/* Where the new process finds what it gets, behind its stdio. */
enum { CONTROL_FD = 3, CLIENT_FD, FIRST_OTHER_FD };

/* ---- create ---------------------------------------------------------------------------------------- */

/*
 * The group is that of the whole machine: it gets /dev/kvm beside the devices that every
 * container has, and the container's weight, as it stands beside containers. The limits of the
 * container hold in the guest.
 */
static const struct config_resources *microvm_resources(
	struct arena *arena, const struct config *config)
{
	const struct config_resources *wanted = config->linux->resources;
	static struct config_device_rule kvm = {
		.allow = true,
		.type = "c",
		.major = { .set = true, .value = 10 },
		.minor = { .set = true, .value = 232 },
		.access = "rw",
	};
	struct config_resources *resources = arena_allocate(arena, sizeof(*resources));

	*resources = (struct config_resources){ .devices = { &kvm, 1 } };
	if (!wanted || !wanted->cpu)
		return resources;
	resources->cpu = arena_allocate(arena, sizeof(*resources->cpu));
	*resources->cpu = (struct config_cpu){
		.weight = wanted->cpu->weight,
		.shares = wanted->cpu->shares,
		.idle = wanted->cpu->idle,
	};
	return resources;
}

/* In the tenant's level, if there is one, as a container's. */
static int microvm_plan_cgroup(struct container *container, const struct process_request *request,
	const struct host_tenant *tenant, struct cgroup **cgroup)
{
	const struct config *config = request->config;
	const char *path = config->linux->cgroups_path;
	int r;

	if (request->no_cgroup)
		r = cgroup_open_none(cgroup, container->id);
	else if (request->systemd_cgroup)
		r = cgroup_open_systemd(cgroup, container->id, path, &config->annotations);
	else
		r = cgroup_open(cgroup, container->id, path, NULL);
	return r < 0 ? r : host_tenant_join(tenant, container, *cgroup);
}

static int microvm_make_cgroup(struct container *container, const struct process_request *request,
	struct host_tenant *tenant, struct cgroup **cgroup)
{
	int r = host_tenant_open(tenant, request->config);

	if (r >= 0)
		r = microvm_plan_cgroup(container, request, tenant, cgroup);
	if (r < 0)
		return r;
	container->record.cgroup = arena_format(&container->arena, "%s", cgroup_saved(*cgroup));
	r = container_save(container);
	if (r >= 0)
		r = host_tenant_enter(tenant, container);
	if (r < 0)
		return r;
	r = cgroup_create(*cgroup);
	/* A group that is somebody else's is not ours to destroy. */
	if (r < 0)
		container->record.cgroup = NULL;
	else if (cgroup_apply_comes_first(*cgroup))
		r = cgroup_apply(
			*cgroup, microvm_resources(&container->arena, request->config), false);
	return r;
}

/* In the child: stdio, the two sockets, and nothing else. */
static void microvm_become_monitor(
	char **words, const struct cgroup *cgroup, int terminal_fd, int control_fd, int client_fd)
{
	int control = fcntl(control_fd, F_DUPFD_CLOEXEC, FIRST_OTHER_FD);
	int client = fcntl(client_fd, F_DUPFD_CLOEXEC, FIRST_OTHER_FD);
	int r = cgroup_enter(cgroup, false);

	if (terminal_fd >= 0) {
		(void)setsid();
		(void)ioctl(terminal_fd, TIOCSCTTY, 0);
		for (int i = 0; i < 3; i++)
			(void)file_move(terminal_fd, i, false);
	}
	signal_reset_all();
	if (r >= 0 && file_move(control, CONTROL_FD, false) >= 0 &&
		file_move(client, CLIENT_FD, false) >= 0 &&
		process_seal_descriptors(FIRST_OTHER_FD) >= 0)
		monitor_execute(words);
	{
		struct reply reply = { .code = 1 };

		(void)snprintf(reply.text, sizeof(reply.text), "%s",
			r < 0 ? error_text(r)
			      : "hull-vmm, the monitor of microVMs, is not installed beside hull");
		(void)send(CLIENT_FD, &reply, offsetof(struct reply, text) + strlen(reply.text) + 1,
			MSG_NOSIGNAL);
	}
	_exit(1);
}

static int microvm_spawn(struct container *container, const struct microvm_bundle *bundle,
	const struct process_request *request, struct process_handle *handle, int client_fd)
{
	_cleanup_host_tenant_ struct host_tenant tenant = HOST_TENANT_NONE;
	_cleanup_cgroup_ struct cgroup *cgroup = NULL;
	_cleanup_close_ int control_fd = monitor_listen(container), terminal_fd = -EBADF;
	char **words =
		monitor_words(&container->arena, bundle, request->config, CONTROL_FD, CLIENT_FD);
	int r = control_fd;

	if (r >= 0 && request->process->terminal)
		r = terminal_fd = monitor_terminal(request, handle);
	if (r >= 0)
		r = microvm_make_cgroup(container, request, &tenant, &cgroup);
	if (r < 0)
		return r;
	handle->pid = microvm_network_clone(request->config, &handle->pidfd);
	if (handle->pid < 0)
		return handle->pid;
	if (handle->pid == 0)
		microvm_become_monitor(words, cgroup, terminal_fd, control_fd, client_fd);
	r = cgroup_start(
		cgroup, handle->pid, microvm_resources(&container->arena, request->config));
	host_tenant_close(&tenant);
	if (r >= 0)
		r = process_start_time(handle->pid, &container->record.pid_start);
	if (r < 0)
		return r;
	container->record.pid = handle->pid;
	return container_save(container);
}

static int microvm_start(struct container *container)
{
	_cleanup_close_ int socket_fd = monitor_connect(container);
	int r = socket_fd;

	if (r >= 0)
		r = microvm_network_join(container, socket_fd);
	if (r >= 0)
		r = monitor_ask(socket_fd, REQUEST_START, NULL, 0, false, NULL);
	if (r >= 0)
		r = monitor_answer(socket_fd, -1);
	if (unlinkat(container->folder_fd, "exec.fifo", 0) < 0 && errno != ENOENT && r >= 0)
		r = error_errno(errno, "cannot remove exec.fifo");
	return r;
}

static int microvm_create(struct container *container, int bundle_fd,
	const struct process_request *request, struct process_handle *handle)
{
	_cleanup_buffer_ struct buffer document = { 0 };
	_cleanup_close_ int ours = -EBADF, theirs = -EBADF;
	struct microvm_bundle bundle = { 0 };
	int pair[2], r;

	(void)bundle_fd;
	if (request->whisper)
		return error_set(ENOTSUP,
			"the whisper is for containers: in a microVM the kernel knows what was "
			"stolen from it, and tells it in /proc/stat");
	r = microvm_bundle_make(&bundle, container, request->config);
	document = bundle.document;
	if (r < 0)
		return r;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return error_errno(errno, "socketpair");
	ours = pair[0];
	theirs = pair[1];
	/* Its presence is what tells a created container from a running one. */
	if (request->wait_for_start && mkfifoat(container->folder_fd, "exec.fifo", 0600) < 0)
		return error_errno(errno, "cannot make exec.fifo");
	r = microvm_spawn(container, &bundle, request, handle, theirs);
	file_close(&theirs);
	if (r >= 0)
		r = monitor_ask(ours, REQUEST_CREATE, document.data, document.length,
			request->process->terminal, NULL);
	if (r >= 0)
		r = monitor_answer(ours, handle->pidfd);
	if (r >= 0 && !request->wait_for_start)
		r = microvm_start(container);
	if (r >= 0)
		r = process_handle_write_pid(handle, request->pid_file);
	if (r < 0)
		process_handle_abandon(handle);
	return r;
}

/* ---- exec ----------------------------------------------------------------------------------------- */

/*
 * A process here that stands for the one in the guest: it hands its stdio over and ends
 * with the same code.
 */
static void microvm_stand_in(int socket_fd, int terminal_fd)
{
	const int kept[] = { socket_fd };

	signal_reset_all();
	if (terminal_fd >= 0) {
		(void)setsid();
		(void)ioctl(terminal_fd, TIOCSCTTY, 0);
	}
	process_close_others(0, kept, 1);
	_exit(monitor_end(socket_fd));
}

static int microvm_exec(struct container *container, const struct process_request *request,
	struct process_handle *handle)
{
	_cleanup_close_ int socket_fd = monitor_connect(container), terminal_fd = -EBADF;
	_cleanup_buffer_ struct buffer document = { 0 };
	int fds[REQUEST_FDS] = { STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO };
	int r = socket_fd;

	if (r >= 0 && request->process->terminal)
		r = terminal_fd = monitor_terminal(request, handle);
	if (r < 0)
		return r;
	for (int i = 0; i < REQUEST_FDS && terminal_fd >= 0; i++)
		fds[i] = terminal_fd;
	microvm_process_write(&document, request->process);
	r = monitor_ask(socket_fd, REQUEST_EXEC, document.data, document.length,
		request->process->terminal, fds);
	if (r >= 0)
		r = monitor_answer(socket_fd, -1);
	if (r < 0)
		return r;
	handle->pid = process_clone(0, -1, &handle->pidfd);
	if (handle->pid < 0)
		return error_errno(handle->pid, "fork");
	if (handle->pid == 0)
		microvm_stand_in(socket_fd, terminal_fd);
	return process_handle_write_pid(handle, request->pid_file);
}

/* ---- the rest --------------------------------------------------------------------------------------- */

/* The monitor hands every signal on; SIGKILL ends it, and with it the machine. */
static int microvm_kill(const struct container *container, int signal, bool all)
{
	return isolation_host.kill(container, signal, all && signal == SIGKILL);
}

static int microvm_freeze(const struct container *container, bool frozen)
{
	return isolation_host.freeze(container, frozen);
}

static bool microvm_is_frozen(const struct container *container)
{
	return isolation_host.is_frozen(container);
}

static int microvm_processes(const struct container *container, pid_t **pids, size_t *count)
{
	return isolation_host.processes(container, pids, count);
}

static int microvm_update(struct container *container, const struct config_resources *resources,
	const struct config_intel_rdt *rdt)
{
	(void)container;
	(void)resources;
	(void)rdt;
	return error_set(ENOTSUP, "the limits of a microVM cannot be changed while it runs yet");
}

static int microvm_change_mounts(
	const struct container *container, const struct config *config, bool add)
{
	(void)container;
	(void)config;
	(void)add;
	return error_set(ENOTSUP, "the mounts of a microVM cannot be changed while it runs yet");
}

static int microvm_write_stats(const struct container *container, struct json_writer *writer)
{
	return isolation_host.write_stats(container, writer);
}

static int microvm_watch(const struct container *container, const struct watch_request *request)
{
	return isolation_host.watch(container, request);
}

static int microvm_destroy(const struct container *container)
{
	int r = isolation_host.destroy(container);

	if (r >= 0)
		microvm_network_leave(container);
	return r;
}

const struct isolation isolation_microvm = {
	.name = "microvm",
	.create = microvm_create,
	.start = microvm_start,
	.exec = microvm_exec,
	.kill = microvm_kill,
	.freeze = microvm_freeze,
	.is_frozen = microvm_is_frozen,
	.processes = microvm_processes,
	.update = microvm_update,
	.change_mounts = microvm_change_mounts,
	.write_stats = microvm_write_stats,
	.watch = microvm_watch,
	.destroy = microvm_destroy,
};
