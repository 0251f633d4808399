/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Streams between guest and host: the ends out here. Whoever connects to the listening socket says
 * "CONNECT port" in a line, and gets "OK port" when the guest has taken it, as with other monitors.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/file.h"
#include "microvm/virtio/vsock.h"

#define GREETING_BYTES 32
/* Where ports of connections from the host begin: beyond those that programs choose. */
#define FIRST_PORT (1u << 30)

int vsock_dial_root(void *context, uint32_t port)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	_cleanup_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	(void)context;
	(void)snprintf(address.sun_path, sizeof(address.sun_path), "/%u", port);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return -errno;
	return TAKE_FD(fd);
}

/* ---- one connection ----------------------------------------------------------------------------- */

void vsock_connection_close(struct vsock_connection *connection)
{
	if (connection->state == VSOCK_FREE)
		return;
	(void)loop_watch(connection->vsock->device.loop, &connection->source, 0);
	file_close(&connection->source.fd);
	buffer_free(&connection->pending);
	connection->state = VSOCK_FREE;
	connection->tell = 0;
}

void vsock_connection_watch(struct vsock_connection *connection)
{
	const struct vsock *vsock = connection->vsock;
	uint32_t events = 0;

	if (connection->state == VSOCK_GREETED)
		events = EPOLLIN;
	if (connection->state != VSOCK_OPEN) {
		(void)loop_watch(vsock->device.loop, &connection->source, events);
		return;
	}
	if (!connection->host_ended && connection->guest_reads && !vsock->starved &&
		vsock_credit(connection))
		events |= EPOLLIN;
	if (connection->pending.length)
		events |= EPOLLOUT;
	(void)loop_watch(vsock->device.loop, &connection->source, events);
}

void vsock_connection_write(struct vsock_connection *connection)
{
	struct buffer *pending = &connection->pending;
	ssize_t done = 0;

	if (pending->length)
		done = send(connection->source.fd, pending->data, pending->length,
			MSG_NOSIGNAL | MSG_DONTWAIT);
	if (done < 0 && errno != EAGAIN && errno != EINTR) {
		vsock_reset(connection);
		return;
	}
	if (done > 0) {
		pending->length -= (size_t)done;
		memmove(pending->data, pending->data + done, pending->length);
		connection->taken += (uint32_t)done;
	}
	/* Before the guest waits for room, it hears that there is some. */
	if (connection->taken - connection->told_taken >= VSOCK_BUFFER / 2)
		connection->tell |= VSOCK_TELL_CREDIT;
	if (pending->length || connection->guest_writes)
		return;
	if (!connection->guest_reads)
		vsock_reset(connection);
	else
		(void)shutdown(connection->source.fd, SHUT_WR);
}

/* ---- who begins ------------------------------------------------------------------------------------- */

static bool is_used(const struct vsock *vsock, uint32_t port)
{
	for (unsigned int i = 0; i < VSOCK_CONNECTIONS; i++)
		if (vsock->connections[i].state != VSOCK_FREE &&
			vsock->connections[i].host_port == port)
			return true;
	return false;
}

static uint32_t choose_port(struct vsock *vsock)
{
	do
		vsock->next_port = (vsock->next_port + 1) | FIRST_PORT;
	while (is_used(vsock, vsock->next_port));
	return vsock->next_port;
}

/* "CONNECT port": true when the line is whole and right. */
static bool parse_greeting(const struct buffer *line, uint32_t *port)
{
	static const char word[] = "CONNECT ";
	unsigned long value;
	char *end;

	if (strncmp(line->data, word, sizeof(word) - 1) != 0)
		return false;
	value = strtoul(line->data + sizeof(word) - 1, &end, 10);
	*port = (uint32_t)value;
	return *end == '\n' && end > line->data + sizeof(word) - 1 && value < UINT32_MAX;
}

/* A byte at a time: what is behind the line is for the guest. */
static void hear_greeting(struct vsock_connection *connection)
{
	struct buffer *line = &connection->pending;
	ssize_t got;
	char byte;

	while ((got = read(connection->source.fd, &byte, 1)) == 1) {
		buffer_bytes(line, &byte, 1);
		if (byte == '\n' || line->length > GREETING_BYTES)
			break;
	}
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got != 1 || byte != '\n' || !parse_greeting(line, &connection->guest_port)) {
		vsock_connection_close(connection);
		return;
	}
	line->length = 0;
	connection->host_port = choose_port(connection->vsock);
	connection->state = VSOCK_ASKED;
	connection->tell = VSOCK_TELL_REQUEST;
}

static void connection_ready(void *context, uint32_t events)
{
	struct vsock_connection *connection = context;
	struct vsock *vsock = connection->vsock;

	if (connection->state == VSOCK_GREETED)
		hear_greeting(connection);
	else if (events & (EPOLLOUT | EPOLLERR) && connection->pending.length)
		vsock_connection_write(connection);
	/* It reads what comes, as far as the guest takes it. */
	vsock_flush(vsock);
}

struct vsock_connection *vsock_connection_new(struct vsock *vsock, int fd)
{
	for (unsigned int i = 0; i < VSOCK_CONNECTIONS; i++) {
		struct vsock_connection *connection = &vsock->connections[i];

		if (connection->state != VSOCK_FREE)
			continue;
		*connection = (struct vsock_connection){
			.vsock = vsock,
			.source = { fd, connection_ready, connection, 0 },
			.state = VSOCK_GREETED,
			.guest_reads = true,
			.guest_writes = true,
		};
		return connection;
	}
	(void)close(fd);
	return NULL;
}

static void listener_ready(void *context, uint32_t events)
{
	struct vsock *vsock = context;
	int fd = accept4(vsock->listener.fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct vsock_connection *connection;

	(void)events;
	connection = fd < 0 ? NULL : vsock_connection_new(vsock, fd);
	if (connection)
		vsock_connection_watch(connection);
}

void vsock_listen(struct vsock *vsock)
{
	vsock->listener.ready = listener_ready;
	vsock->listener.context = vsock;
	if (vsock->listener.fd >= 0)
		(void)loop_watch(vsock->device.loop, &vsock->listener, EPOLLIN);
}
