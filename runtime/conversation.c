/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/conversation.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/message.h"
#include "ns/container_init.h"
#include "ns/id_map.h"
#include "runtime/announce.h"
#include "runtime/create_hooks.h"
#include "runtime/seccomp_agent.h"

int conversation_open(struct conversation *talk, struct container *container,
	const struct process_request *request, struct process_handle *handle,
	int (*record)(struct conversation *talk))
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return error_errno(errno, "socketpair");
	*talk = (struct conversation){ .runtime_fd = pair[0],
		.child_fd = pair[1],
		.container = container,
		.request = request,
		.handle = handle,
		.record = record,
		/* The answers to hooks must not meet the release on the way. */
		.hooks = request->config->hooks };
	return 0;
}

void conversation_close(struct conversation *talk)
{
	file_close(&talk->runtime_fd);
	file_close(&talk->child_fd);
}

static int talk_send(const struct conversation *talk, enum message_type type)
{
	int r = message_send(talk->runtime_fd, type, 0, NULL, -1);

	/* When the process is gone, its last message tells more. */
	return r == -EPIPE || r == -ECONNRESET ? 0 : r;
}

static int talk_run_hooks(const struct conversation *talk, const struct config *config)
{
	int r = create_hooks_run(talk->container, config, talk->handle->pid);

	return r < 0 ? r : talk_send(talk, MESSAGE_GO);
}

static int talk_hand_terminal_over(const struct conversation *talk, int fd)
{
	int r;

	if (fd < 0)
		return error_set(EPROTO, "the terminal did not arrive");
	if (!talk->request->process->terminal || talk->handle->terminal_fd >= 0) {
		(void)close(fd);
		return error_set(EPROTO, "a terminal that nobody asked for");
	}
	if (talk->request->console_fd < 0) {
		talk->handle->terminal_fd = fd;
		return 0;
	}
	r = announce_terminal(talk->request->console_fd, fd);
	(void)close(fd);
	return r;
}

/* config-linux.md, "The Container Process State". */
static int talk_hand_listener_over(
	const struct conversation *talk, const struct config *config, int fd)
{
	/* A process beside the first one has nothing recorded. */
	bool is_first = talk->record != NULL;
	const struct container_state state = {
		.id = talk->container->id,
		.status = is_first ? "creating" : "running",
		.bundle = talk->container->record.bundle,
		.pid = is_first ? talk->handle->pid : (pid_t)talk->container->record.pid,
		.annotations = &config->annotations,
	};
	_cleanup_close_ int listener_fd = fd;
	int r;

	if (!config->linux->seccomp || !config->linux->seccomp->listener_path)
		return error_set(EPROTO, "a seccomp listener that nobody asked for");
	r = seccomp_agent_send(config->linux->seccomp, &state, talk->handle->pid, listener_fd);
	return r < 0 ? r : talk_send(talk, MESSAGE_GO);
}

/*
 * Nobody is told of success before the process is READY: not by the pid file,
 * and not by a state that says "created".
 */
static bool talk_releases_early(const struct conversation *talk)
{
	return !talk->request->wait_for_start && !talk->request->pid_file &&
	       !talk->request->pidfd_socket && !talk->hooks;
}

static int talk_release(struct conversation *talk)
{
	int r = talk->record ? talk->record(talk) : 0;

	if (r >= 0)
		r = announce_pidfd(talk->request->pidfd_socket, talk->handle->pidfd,
			talk->record ? "standard" : "setns");
	if (r >= 0)
		r = process_handle_write_pid(talk->handle, talk->request->pid_file);
	return r < 0 ? r : talk_send(talk, MESSAGE_RELEASE);
}

/* One message; 1 when the conversation has reached its end. */
static int talk_answer(struct conversation *talk, const struct container_plan *plan,
	const struct message *message, int fd, bool *ready)
{
	int r;

	switch (message->type) {
	case MESSAGE_HOOKS:
		/* An exec has none; nor may it make us run those of the container again. */
		return talk->record && talk->hooks
			       ? talk_run_hooks(talk, plan->config)
			       : error_set(EPROTO, "hooks that nobody asked for");
	case MESSAGE_TERMINAL:
		return talk_hand_terminal_over(talk, fd);
	case MESSAGE_LISTENER:
		return talk_hand_listener_over(talk, plan->config, fd);
	case MESSAGE_READY:
		*ready = true;
		r = talk_releases_early(talk) ? 0 : talk_release(talk);
		return r < 0 ? r : talk->request->wait_for_start;
	case MESSAGE_ERROR:
		return error_set(message->value, "%s", message->text);
	case MESSAGE_END:
		return *ready ? 1 : error_set(EIO, "the container's process ended unexpectedly");
	default:
		return error_set(EPROTO, "unexpected message from the container's process");
	}
}

int conversation_run(struct conversation *talk, const struct container_plan *plan)
{
	bool ready = false;
	int r = 0;

	/* Ours too would hide from us that the child's end is closed. */
	file_close(&talk->child_fd);
	if (plan->namespaces->new_flags & namespace_flag(NAMESPACE_USER)) {
		r = id_map_write(plan->proc_fd, talk->handle->pid,
			&plan->config->linux->uid_mappings, &plan->config->linux->gid_mappings);
	}
	/* An exec has no namespaces to be furnished. */
	if (r >= 0 && talk->record && container_init_waits(plan))
		r = talk_send(talk, MESSAGE_GO);
	if (r >= 0 && talk_releases_early(talk))
		r = talk_release(talk);
	ready = r >= 0 && talk_releases_early(talk);
	while (r == 0) {
		struct message message;
		int fd = -1;

		r = message_receive(talk->runtime_fd, &message, &fd);
		if (r < 0)
			return error_errno(r, "cannot hear from the container's process");
		r = talk_answer(talk, plan, &message, fd, &ready);
	}
	return r < 0 ? r : 0;
}
