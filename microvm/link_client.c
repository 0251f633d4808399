/* SPDX-License-Identifier: Apache-2.0 */
/* Who asks the monitor for something: runtime/ of the same user, over a socket in the state folder. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "microvm/link.h"

/* Whether what this connection has begun is a process that can still be told something. */
static bool client_has_process(const struct link_client *client)
{
	const struct link_process *process = &client->link->processes[client->process];

	return client->process > 0 && process->streams[0].link && !process->exited;
}

void link_client_close(struct link_client *client)
{
	const int32_t end = SIGKILL;

	if (client->source.fd < 0)
		return;
	/* Whoever stood for it out here has been killed. */
	if (client->process >= 0 && client_has_process(client))
		link_send(client->link, SESSION_SIGNAL, (unsigned int)client->process, &end,
			sizeof(end));
	if (client->process >= 0)
		client->link->processes[client->process].client = NULL;
	(void)loop_watch(client->link->loop, &client->source, 0);
	file_close(&client->source.fd);
}

void link_client_reply(struct link_client *client, bool exited, int code, const char *text)
{
	struct reply reply = { .exited = exited, .code = code };
	size_t length = strlen(text);

	if (length > sizeof(reply.text) - 1)
		length = sizeof(reply.text) - 1;
	memcpy(reply.text, text, length);
	(void)send(client->source.fd, &reply, offsetof(struct reply, text) + length + 1,
		MSG_NOSIGNAL | MSG_DONTWAIT);
}

int link_number(struct link *link)
{
	for (int i = 1; i < SESSION_PROCESSES; i++)
		if (!link->processes[i].used) {
			link->processes[i].used = true;
			return i;
		}
	return -1;
}

void link_call(struct link *link, const char *const *arguments)
{
	int number = link_number(link);
	char words[256];
	size_t length = 0;

	if (number < 0)
		return;
	for (; *arguments; arguments++)
		length +=
			(size_t)snprintf(words + length, sizeof(words) - length, "%s", *arguments) +
			1;
	link_send(link, SESSION_CALL, (unsigned int)number, words, length);
}

/* A file in the guest, in as many frames as it needs. */
static void send_file(struct link *link, const char *path, const char *bytes, size_t length)
{
	enum session_type type = SESSION_FILE;
	size_t head = strlen(path) + 1;
	char body[SESSION_BODY];

	memcpy(body, path, head);
	do {
		size_t piece = length < sizeof(body) - head ? length : sizeof(body) - head;

		memcpy(body + head, bytes, piece);
		link_send(link, type, 0, body, head + piece);
		type = SESSION_FILE_MORE;
		bytes += piece;
		length -= piece;
	} while (length);
}

static void begin(struct link *link, struct link_client *client, const struct request *request,
	const char *body, size_t bytes, const int *fds)
{
	bool create = request->type == REQUEST_CREATE;
	unsigned int number = (unsigned int)client->process;
	char path[64] = "/run/bundle/config.json";

	if (!create)
		(void)snprintf(path, sizeof(path), "/run/bundle/process-%u", number);
	send_file(link, path, body, bytes);
	link_send(link, create ? SESSION_CREATE : SESSION_EXEC, number, &request->terminal,
		sizeof(request->terminal));
	link_streams_open(link, number, fds);
	if (request->terminal.wanted)
		link_resize(link, number, fds[STREAM_INPUT]);
}

/* What a process that was begun is told by the one that stands for it. */
static void client_tell(const struct link_client *client, const struct request *request,
	const char *body, size_t bytes)
{
	unsigned int number = (unsigned int)client->process;

	if (client->process < 0 || !client_has_process(client))
		return;
	if (request->type == REQUEST_RESIZE)
		link_send(client->link, SESSION_RESIZE, number, &request->terminal,
			sizeof(request->terminal));
	else if (bytes == sizeof(int32_t))
		link_send(client->link, SESSION_SIGNAL, number, body, bytes);
}

/* What the guest gets is hull's own; only what the monitor uses itself is looked at. */
static int add_network(struct link *link, const char *body, size_t bytes, int *tap_fd)
{
	struct session_interface interface;

	if (bytes < sizeof(interface))
		return error_set(EINVAL, "the monitor was asked for what it cannot do");
	memcpy(&interface, body, sizeof(interface));
	if (!interface.index)
		return 0;
	if (*tap_fd < 0)
		return error_set(EINVAL, "a network interface comes with its tap");
	return link->add_network(link->context, TAKE_FD(*tap_fd), &interface);
}

static void send_network(struct link *link, unsigned int number, const char *body, size_t bytes)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "/run/bundle/network-%u", number);
	send_file(link, path, body, bytes);
	link_send(link, SESSION_NETWORK, number, "", 0);
}

static bool is_for_machine(const struct request *request)
{
	return request->type == REQUEST_MEMORY || request->type == REQUEST_COUNTERS;
}

static void ask_machine(
	struct link_client *client, const struct request *request, const char *body, size_t bytes)
{
	struct link *link = client->link;
	_cleanup_buffer_ struct buffer answer = { 0 };
	int r = link->ask_machine(link->context, request->type, body, bytes, &answer);

	buffer_text(&answer, "");
	link_client_reply(client, false, r < 0, r < 0 ? error_text(r) : answer.data);
}

static void client_serve(struct link_client *client, const struct request *request,
	const char *body, size_t bytes, int *fds)
{
	struct link *link = client->link;
	const int own[] = { STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO };

	if (request->type == REQUEST_SIGNAL || request->type == REQUEST_RESIZE) {
		client_tell(client, request, body, bytes);
		return;
	}
	if (is_for_machine(request)) {
		ask_machine(client, request, body, bytes);
		return;
	}
	/* One thing at a time for one connection; a container is made once. */
	if (client->process >= 0 || (request->type == REQUEST_CREATE && link->processes[0].used) ||
		(request->type == REQUEST_EXEC && fds[REQUEST_FDS - 1] < 0)) {
		link_client_reply(client, false, 1, "the monitor was asked for what it cannot do");
		return;
	}
	if (request->type == REQUEST_NETWORK && add_network(link, body, bytes, &fds[0]) < 0) {
		link_client_reply(client, false, 1, error_text(-EIO));
		return;
	}
	client->process = request->type == REQUEST_CREATE ? 0 : link_number(link);
	if (client->process < 0) {
		link_client_reply(client, false, 1, "too many processes at once in the microVM");
		return;
	}
	link->processes[client->process].used = true;
	link->processes[client->process].client = client;
	if (request->type == REQUEST_CREATE) {
		begin(link, client, request, body, bytes, own);
	} else if (request->type == REQUEST_EXEC) {
		begin(link, client, request, body, bytes, fds);
		for (int i = 0; i < REQUEST_FDS; i++)
			fds[i] = -EBADF;
	} else if (request->type == REQUEST_NETWORK) {
		send_network(link, (unsigned int)client->process, body, bytes);
	} else {
		link_send(link,
			request->type == REQUEST_START	? SESSION_START
			: request->type == REQUEST_CPUS ? SESSION_CPUS
							: SESSION_CALL,
			(unsigned int)client->process, body,
			bytes < SESSION_BODY ? bytes : SESSION_BODY);
	}
}

/* A packet and its descriptors; the bytes of its body, or -1. */
static ssize_t client_receive(int fd, struct request *request, char *body, int *fds)
{
	struct iovec parts[] = { { request, sizeof(*request) }, { body, REQUEST_BODY } };
	char control[CMSG_SPACE(sizeof(int) * REQUEST_FDS)];
	struct msghdr message = { .msg_iov = parts,
		.msg_iovlen = 2,
		.msg_control = control,
		.msg_controllen = sizeof(control) };
	ssize_t got = recvmsg(fd, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);

	if (got < 0)
		return -1;
	for (struct cmsghdr *head = CMSG_FIRSTHDR(&message); head;
		head = CMSG_NXTHDR(&message, head))
		if (head->cmsg_level == SOL_SOCKET && head->cmsg_type == SCM_RIGHTS)
			memcpy(fds, CMSG_DATA(head), head->cmsg_len - CMSG_LEN(0));
	if (got < (ssize_t)sizeof(*request) || message.msg_flags & (MSG_TRUNC | MSG_CTRUNC))
		return -1;
	return got - (ssize_t)sizeof(*request);
}

static void client_ready(void *context, uint32_t events)
{
	static char body[REQUEST_BODY];
	struct link_client *client = context;
	int fds[REQUEST_FDS] = { -EBADF, -EBADF, -EBADF };
	struct request request;
	ssize_t bytes = client_receive(client->source.fd, &request, body, fds);

	(void)events;
	if (bytes < 0 || !request.type || request.type >= REQUEST_TYPES)
		link_client_close(client);
	else
		client_serve(client, &request, body, (size_t)bytes, fds);
	for (int i = 0; i < REQUEST_FDS; i++)
		file_close(&fds[i]);
}

int link_client_add(struct link *link, int fd)
{
	for (int i = 0; i < LINK_CLIENTS; i++) {
		struct link_client *client = &link->clients[i];

		if (client->source.fd >= 0)
			continue;
		*client = (struct link_client){
			.link = link, .source = { fd, client_ready, client, 0 }, .process = -1
		};
		return loop_watch(link->loop, &client->source, EPOLLIN);
	}
	return -EMFILE;
}
