/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The container in a virtual machine: its process on this machine is the monitor, whose
 * cgroup, pid and exit code are the container's. What only looks at those is the host's.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/process.h"
#include "runtime/announce.h"
#include "runtime/create_hooks.h"
#include "runtime/host_cgroup.h"
#include "runtime/host_rdt.h"
#include "runtime/microvm_call.h"
#include "runtime/microvm_monitor.h"
#include "runtime/microvm_network.h"
#include "runtime/microvm_size.h"
#include "runtime/microvm_stats.h"
#include "runtime/microvm_update.h"
#include "spec/annotation.h"

#define MOST_PS_WORDS 8

/* ---- create ---------------------------------------------------------------------------------------- */

/* In the child: stdio, the sockets, and nothing else. */
static void microvm_become_monitor(
	char **words, const struct cgroup *cgroup, int terminal_fd, const int *sockets)
{
	int copies[MONITOR_SOCKETS];
	int r = cgroup_enter(cgroup, false);

	/* Out of the way of the numbers that they get. */
	for (int i = 0; i < MONITOR_SOCKETS; i++)
		copies[i] = sockets[i] < 0 ? -EBADF
					   : fcntl(sockets[i], F_DUPFD_CLOEXEC,
						     MONITOR_FIRST_FD + MONITOR_SOCKETS);

	if (terminal_fd >= 0) {
		(void)setsid();
		(void)ioctl(terminal_fd, TIOCSCTTY, 0);
		for (int i = 0; i < 3; i++)
			(void)file_move(terminal_fd, i, false);
	}
	signal_reset_all();
	for (int i = 0; r >= 0 && i < MONITOR_SOCKETS; i++)
		if (copies[i] < 0)
			(void)close(MONITOR_FIRST_FD + i);
		else
			r = file_move(copies[i], MONITOR_FIRST_FD + i, false);
	if (r >= 0)
		r = process_seal_descriptors(MONITOR_FIRST_FD + MONITOR_SOCKETS);
	if (r >= 0)
		monitor_execute(words);
	{
		const int client_fd = MONITOR_FIRST_FD + MONITOR_CLIENT;
		struct reply reply = { .code = 1 };

		(void)snprintf(reply.text, sizeof(reply.text), "%s",
			r < 0 ? error_text(r)
			      : "hull-vmm, the monitor of microVMs, is not installed beside hull");
		(void)send(client_fd, &reply, offsetof(struct reply, text) + strlen(reply.text) + 1,
			MSG_NOSIGNAL);
	}
	_exit(1);
}

/* The group is that of the whole machine. */
static int microvm_make_cgroup(struct container *container, const struct process_request *request,
	const struct config_resources *resources, struct host_tenant *tenant,
	struct cgroup **cgroup)
{
	int r = host_make_cgroup(container, request, resources, tenant, cgroup);

	return r < 0 ? r : host_rdt_make(container, request->config->linux->intel_rdt);
}

/* The monitor's process is there, and waits for the container. */
static int microvm_place(struct container *container, struct process_handle *handle,
	const struct config_resources *resources, struct host_tenant *tenant, struct cgroup *cgroup)
{
	int r = host_rdt_enter(container, handle->pid);

	if (r >= 0)
		r = host_start_cgroup(container, resources, tenant, cgroup, handle->pid);
	if (r >= 0)
		r = process_start_time(handle->pid, &container->record.pid_start);
	if (r < 0)
		return r;
	container->record.pid = handle->pid;
	return container_save(container);
}

static int microvm_spawn(struct container *container, const struct microvm_bundle *bundle,
	const struct process_request *request, struct process_handle *handle, int client_fd)
{
	const struct config_resources *resources =
		microvm_resources(&container->arena, request->config);
	_cleanup_cgroup_ struct cgroup *cgroup = NULL;
	_cleanup_host_tenant_ struct host_tenant tenant = HOST_TENANT_NONE;
	_cleanup_close_ int control_fd = monitor_listen(container, MONITOR_SOCKET_NAME);
	_cleanup_close_ int vsock_fd = -EBADF, terminal_fd = -EBADF;
	char **words = monitor_words(&container->arena, bundle, request->config);
	int r = control_fd;

	container->record.machine_memory = bundle->memory;
	if (r >= 0 && config_annotation(request->config, ANNOTATION_VSOCK))
		r = vsock_fd = monitor_listen(container, MONITOR_VSOCK_NAME);
	if (r >= 0 && request->process->terminal)
		r = terminal_fd = monitor_terminal(request, handle);
	if (r >= 0)
		r = microvm_make_cgroup(container, request, resources, &tenant, &cgroup);
	if (r < 0)
		return r;
	handle->pid = microvm_network_clone(request->config, &handle->pidfd);
	if (handle->pid < 0)
		return handle->pid;
	if (handle->pid == 0)
		microvm_become_monitor(words, cgroup, terminal_fd,
			(const int[MONITOR_SOCKETS]){ [MONITOR_CONTROL] = control_fd,
				[MONITOR_CLIENT] = client_fd,
				[MONITOR_VSOCK] = vsock_fd });
	return microvm_place(container, handle, resources, &tenant, cgroup);
}

/* Descriptors do not cross. */
static int microvm_check_request(const struct process_request *request)
{
	if (request->preserve_fds)
		return error_set(ENOTSUP, "--preserve-fds, LISTEN_FDS: a microVM cannot be given "
					  "descriptors of the host");
	if (request->cgroups && request->cgroups->count)
		return error_set(ENOTSUP, "--cgroup: a microVM's groups cannot be chosen yet");
	if (request->whisper)
		return error_set(ENOTSUP,
			"the whisper is for containers: in a microVM the kernel knows what was "
			"stolen from it, and tells it in /proc/stat");
	return 0;
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
		r = monitor_answer(socket_fd, -1, NULL);
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
	r = microvm_check_request(request);
	if (r >= 0)
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
		r = create_hooks_run(container, request->config, handle->pid);
	if (r >= 0)
		r = monitor_ask(ours, REQUEST_CREATE, document.data, document.length,
			request->process->terminal, NULL);
	if (r >= 0)
		r = monitor_answer(ours, handle->pidfd, NULL);
	if (r >= 0 && !request->wait_for_start)
		r = microvm_start(container);
	if (r >= 0)
		r = announce_pidfd(request->pidfd_socket, handle->pidfd, "standard");
	if (r >= 0)
		r = process_handle_write_pid(handle, request->pid_file);
	if (r < 0)
		process_handle_abandon(handle);
	return r;
}

/* ---- exec ----------------------------------------------------------------------------------------- */

/*
 * A process here that stands for the one in the guest: it has handed its stdio over, hands
 * its signals on, and ends with the same code. All signals are blocked.
 */
static void microvm_stand_in(int socket_fd, int terminal_fd)
{
	const int kept[] = { socket_fd, terminal_fd };

	if (terminal_fd >= 0) {
		(void)setsid();
		(void)ioctl(terminal_fd, TIOCSCTTY, 0);
	}
	process_close_others(0, kept, terminal_fd >= 0 ? 2 : 1);
	_exit(monitor_end(socket_fd, terminal_fd));
}

/* Not even for a moment a process that a signal ends instead of the one in the guest. */
static int microvm_spawn_stand_in(struct process_handle *handle, int socket_fd, int terminal_fd)
{
	sigset_t all, before;

	(void)sigfillset(&all);
	(void)sigprocmask(SIG_SETMASK, &all, &before);
	handle->pid = process_clone(0, -1, &handle->pidfd);
	if (handle->pid == 0)
		microvm_stand_in(socket_fd, terminal_fd);
	(void)sigprocmask(SIG_SETMASK, &before, NULL);
	return handle->pid < 0 ? error_errno(handle->pid, "fork") : 0;
}

static int microvm_exec(struct container *container, const struct process_request *request,
	struct process_handle *handle)
{
	_cleanup_close_ int socket_fd = monitor_connect(container), terminal_fd = -EBADF;
	_cleanup_buffer_ struct buffer document = { 0 };
	int fds[REQUEST_FDS] = { STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO };
	int r = socket_fd < 0 ? socket_fd : microvm_check_request(request);

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
		r = monitor_answer(socket_fd, -1, NULL);
	if (r < 0)
		return r;
	r = microvm_spawn_stand_in(handle, socket_fd, terminal_fd);
	if (r >= 0)
		r = announce_pidfd(request->pidfd_socket, handle->pidfd, "setns");
	return r < 0 ? r : process_handle_write_pid(handle, request->pid_file);
}

/* ---- the rest --------------------------------------------------------------------------------------- */

/*
 * The monitor hands every signal on; SIGKILL ends it, and with it the machine. Only the
 * guest knows what other processes there are.
 */
static int microvm_kill(const struct container *container, int signal, bool all)
{
	char number[16];
	const char *const words[] = { "kill", "--all", GUEST_CONTAINER, number };

	if (!all || signal == 0 || signal == SIGKILL)
		return isolation_host.kill(container, signal, all && signal == SIGKILL);
	(void)snprintf(number, sizeof(number), "%d", signal);
	return microvm_call(container, words, ARRAY_SIZE(words), NULL);
}

static int microvm_freeze(const struct container *container, bool frozen)
{
	return isolation_host.freeze(container, frozen);
}

static bool microvm_is_frozen(const struct container *container)
{
	return isolation_host.is_frozen(container);
}

static int microvm_table(
	const struct container *container, char **words, int count, struct buffer *text)
{
	const char *all[MOST_PS_WORDS + 2] = { "ps", GUEST_CONTAINER };
	int r;

	if (count > MOST_PS_WORDS)
		return error_set(E2BIG, "too many options for the ps(1) of a microVM");
	for (int i = 0; i < count; i++)
		all[2 + i] = words[i];
	r = microvm_call(container, all, (size_t)count + 2, text);
	if (r >= 0 && text->length + sizeof(int32_t) + 1 >= SESSION_BODY)
		r = error_set(E2BIG, "the microVM has more processes than one answer can name");
	return r;
}

/* As the guest's kernel numbers them. */
static int microvm_processes(const struct container *container, pid_t **pids, size_t *count)
{
	static const char *const words[] = { "ps", "--format", "json", GUEST_CONTAINER };
	_cleanup_arena_ struct arena arena = { 0 };
	_cleanup_buffer_ struct buffer text = { 0 };
	struct json *list;
	int r = microvm_call(container, words, ARRAY_SIZE(words), &text);

	if (r >= 0)
		r = json_parse(&arena, "the guest's processes", text.data, text.length, &list);
	if (r < 0)
		return r;
	*count = 0;
	*pids = memory_allocate((text.length + 1) * sizeof(**pids));
	if (list->type == JSON_ARRAY)
		json_for_each (item, list)
			if (item->type == JSON_NUMBER)
				(*pids)[(*count)++] = (pid_t)strtol(item->text, NULL, 10);
	return 0;
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
	int r = isolation_host.write_stats(container, writer);

	return r < 0 ? r : microvm_write_counters(container, writer);
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
	.table = microvm_table,
	.update = microvm_update,
	.change_mounts = microvm_change_mounts,
	.write_stats = microvm_write_stats,
	.write_counters = microvm_write_counters,
	.watch = microvm_watch,
	.destroy = microvm_destroy,
};
