/* SPDX-License-Identifier: Apache-2.0 */
#include "microvm/link.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"

void link_fail(struct link *link, const char *text)
{
	link->ended(link->context, 1, text);
}

/* ---- frames ------------------------------------------------------------------------------------- */

static void link_flush(void *context)
{
	struct link *link = context;
	size_t done =
		console_send(link->console, CONSOLE_PORT_SESSION, link->out.data, link->out.length);

	link->out.length -= done;
	if (done)
		memmove(link->out.data, link->out.data + done, link->out.length);
}

void link_send(struct link *link, enum session_type type, unsigned int process, const void *body,
	size_t bytes)
{
	const struct session_frame frame = { (uint32_t)bytes, (uint16_t)type, (uint16_t)process };

	buffer_bytes(&link->out, &frame, sizeof(frame));
	buffer_bytes(&link->out, body, bytes);
	link_flush(link);
}

static void link_take_answer(
	struct link *link, unsigned int number, const char *body, uint32_t bytes)
{
	struct link_process *process = &link->processes[number];
	char text[SESSION_BODY];
	int32_t code;

	if (bytes < sizeof(code)) {
		link_fail(link, "the guest breaks the protocol");
		return;
	}
	memcpy(&code, body, sizeof(code));
	memcpy(text, body + sizeof(code), bytes - sizeof(code));
	text[bytes - sizeof(code)] = '\0';
	if (process->client)
		link_client_reply(process->client, false, code, text);
	/* A call is over; so is a process that did not begin. */
	if (process->streams[0].link && code == 0)
		return;
	if (process->client)
		process->client->process = -1;
	link_streams_close(process);
	*process = (struct link_process){ 0 };
}

static void link_take_exited(
	struct link *link, unsigned int number, const char *body, uint32_t bytes)
{
	struct link_process *process = &link->processes[number];
	int32_t code;

	if (bytes != sizeof(code) || !process->streams[0].link) {
		link_fail(link, "the guest breaks the protocol");
		return;
	}
	memcpy(&code, body, sizeof(code));
	process->exited = true;
	process->exit_code = code & 0xff;
	link_process_ended(link, number);
}

static void link_take_credits(struct link_process *process, const char *body, uint32_t bytes)
{
	struct session_credits credits;

	if (bytes != sizeof(credits))
		return;
	memcpy(&credits, body, sizeof(credits));
	if (credits.stream == STREAM_INPUT && process->streams[0].link)
		link_stream_credit(&process->streams[STREAM_INPUT], credits.bytes);
}

static void link_take(struct link *link, const struct session_frame *frame, const char *body)
{
	struct link_process *process = &link->processes[frame->process];
	uint32_t version = 0;

	if (frame->type == SESSION_HELLO) {
		if (frame->bytes == sizeof(version))
			memcpy(&version, body, sizeof(version));
		link->greeted = true;
		(void)loop_watch(link->loop, &link->patience, 0);
		if (version != SESSION_VERSION)
			link_fail(link, "hull-guest is of another version");
		return;
	}
	if (!process->used)
		return;
	switch (frame->type) {
	case SESSION_ANSWER:
		link_take_answer(link, frame->process, body, frame->bytes);
		break;
	case SESSION_EXITED:
		link_take_exited(link, frame->process, body, frame->bytes);
		break;
	case SESSION_OUTPUT:
	case SESSION_ERRORS:
		if (process->streams[0].link)
			link_stream_output(
				&process->streams[frame->type == SESSION_OUTPUT ? STREAM_OUTPUT
										: STREAM_ERRORS],
				body, frame->bytes);
		break;
	case SESSION_CREDITS:
		link_take_credits(process, body, frame->bytes);
		break;
	default:
		link_fail(link, "the guest breaks the protocol");
	}
}

static void link_received(void *context, const void *bytes, size_t length)
{
	struct link *link = context;
	size_t done = 0;

	while (done < length) {
		int complete, r = session_read(&link->reader, (const char *)bytes + done,
				      (uint32_t)(length - done), &complete);

		if (r < 0) {
			link_fail(link, "the guest breaks the protocol");
			return;
		}
		done += (size_t)r;
		if (complete)
			link_take(link, &link->reader.frame, link->reader.body);
	}
}

/* ---- signals --------------------------------------------------------------------------------------- */

static void link_signalled(void *context, uint32_t events)
{
	struct link *link = context;
	struct signalfd_siginfo signal;

	(void)events;
	while (read(link->signals.fd, &signal, sizeof(signal)) == sizeof(signal)) {
		char number[16];
		const char *arguments[] = { "kill", "container", number, NULL };

		if (signal.ssi_signo == SIGWINCH) {
			link_resize(link, 0, STDIN_FILENO);
			continue;
		}
		(void)snprintf(number, sizeof(number), "%u", signal.ssi_signo);
		link_call(link, arguments);
	}
}

/* ---- a guest that never speaks -------------------------------------------------------------------- */

static void link_lost_patience(void *context, uint32_t events)
{
	struct link *link = context;
	char text[80];

	(void)events;
	(void)loop_watch(link->loop, &link->patience, 0);
	(void)snprintf(text, sizeof(text), "its guest has not answered for %u second%s",
		link->patience_seconds, link->patience_seconds == 1 ? "" : "s");
	link_fail(link, text);
}

static int link_be_patient(struct link *link, unsigned int seconds)
{
	struct itimerspec end = { .it_value.tv_sec = seconds ? seconds : LINK_PATIENCE };
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);

	link->patience = (struct loop_source){ fd, link_lost_patience, link, 0 };
	link->patience_seconds = (unsigned int)end.it_value.tv_sec;
	if (fd < 0 || timerfd_settime(fd, 0, &end, NULL) < 0)
		return -errno;
	return loop_watch(link->loop, &link->patience, EPOLLIN);
}

/* ---- its life ---------------------------------------------------------------------------------------- */

static void link_accept(void *context, uint32_t events)
{
	struct link *link = context;
	int fd = accept4(link->listener.fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	(void)events;
	if (fd >= 0 && link_client_add(link, fd) < 0)
		(void)close(fd);
}

int link_open(struct link *link, struct loop *loop, struct console *console, int listener_fd,
	int client_fd, int signal_fd, unsigned int seconds)
{
	struct console_port *port = &console->ports[CONSOLE_PORT_SESSION];
	int r;

	link->loop = loop;
	link->console = console;
	for (int i = 0; i < LINK_CLIENTS; i++)
		link->clients[i].source.fd = -1;
	port->received = link_received;
	port->writable = link_flush;
	port->context = link;
	link->listener = (struct loop_source){ listener_fd, link_accept, link, 0 };
	link->signals = (struct loop_source){ signal_fd, link_signalled, link, 0 };
	r = link_be_patient(link, seconds);
	if (r >= 0 && listener_fd >= 0)
		r = loop_watch(loop, &link->listener, EPOLLIN);
	if (r >= 0 && signal_fd >= 0)
		r = loop_watch(loop, &link->signals, EPOLLIN);
	if (r >= 0 && client_fd >= 0)
		r = link_client_add(link, client_fd);
	return r;
}

bool link_abandon(struct link *link, const char *text)
{
	bool told = false;

	for (int i = 0; i < LINK_CLIENTS; i++) {
		if (link->clients[i].source.fd < 0 || link->clients[i].process < 0)
			continue;
		link_client_reply(&link->clients[i],
			link->processes[link->clients[i].process].exited, 1, text);
		told = true;
	}
	return told;
}

void link_close(struct link *link)
{
	for (int i = 0; i < SESSION_PROCESSES; i++)
		link_streams_close(&link->processes[i]);
	for (int i = 0; i < LINK_CLIENTS; i++)
		link_client_close(&link->clients[i]);
	file_close(&link->listener.fd);
	file_close(&link->signals.fd);
	file_close(&link->patience.fd);
	buffer_free(&link->out);
}
