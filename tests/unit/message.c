/* SPDX-License-Identifier: Apache-2.0 */
#include "base/message.h"

#include <fcntl.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "tests/unit/test.h"

static int sockets[2];

static void check_round_trip(void)
{
	struct message message;
	int fd = -EBADF;

	CHECK(message_send(sockets[0], MESSAGE_ERROR, -ENOENT, "mount /proc", -1) == 0, "sent");
	CHECK(message_receive(sockets[1], &message, NULL) == 0, "received");
	CHECK(message.type == MESSAGE_ERROR && message.value == -ENOENT, "type and value");
	CHECK_TEXT(message.text, "mount /proc", "text");
	CHECK(message_send(sockets[0], MESSAGE_GO, 0, NULL, -1) == 0 &&
			message_receive(sockets[1], &message, &fd) == 0,
		"a message without text");
	CHECK(message.type == MESSAGE_GO && !*message.text && fd == -EBADF,
		"has none, and no descriptor");
}

static void check_descriptor(void)
{
	_cleanup_close_ int sent = open("/dev/null", O_RDONLY | O_CLOEXEC), got = -EBADF;
	struct stat one, other;
	struct message message;

	NEED(message_send(sockets[0], MESSAGE_TERMINAL, 7, NULL, sent) == 0);
	NEED(message_receive(sockets[1], &message, &got) == 0);
	NEED(fstat(sent, &one) == 0 && fstat(got, &other) == 0);
	CHECK(message.type == MESSAGE_TERMINAL && message.value == 7,
		"a message with a descriptor");
	CHECK(got != sent && one.st_ino == other.st_ino, "the descriptor is of the same file");
	CHECK(fcntl(got, F_GETFD) == FD_CLOEXEC, "close-on-exec");
	NEED(message_send(sockets[0], MESSAGE_TERMINAL, 0, NULL, sent) == 0);
	NEED(message_receive(sockets[1], &message, NULL) == 0);
	CHECK(fcntl(got + 1, F_GETFD) < 0, "one that nobody wants is closed");
	NEED(message_send(sockets[0], MESSAGE_TERMINAL, 0, NULL, sent) == 0);
	NEED(message_receive(sockets[1], &message, &got) == 0);
	CHECK(fcntl(got + 1, F_GETFD) < 0, "a second one is closed");
}

static void check_limits(void)
{
	static char text[3 * ERROR_TEXT_BYTES];
	struct message message;

	memset(text, 't', sizeof(text) - 1);
	NEED(message_send(sockets[0], MESSAGE_ERROR, 0, text, -1) == 0);
	NEED(message_receive(sockets[1], &message, NULL) == 0);
	CHECK(strlen(message.text) == ERROR_TEXT_BYTES - 1, "a long text is cut");
	NEED(send(sockets[0], text, 5, 0) == 5);
	CHECK(message_receive(sockets[1], &message, NULL) == -EPROTO, "half a header");
	message.type = MESSAGE_TYPES;
	NEED(send(sockets[0], &message, 20, 0) == 20);
	CHECK(message_receive(sockets[1], &message, NULL) == -EPROTO, "an unknown type");
	message.type = MESSAGE_READY;
	memset(message.text, 'x', sizeof(message.text));
	NEED(send(sockets[0], &message, sizeof(message), 0) == sizeof(message));
	CHECK(message_receive(sockets[1], &message, NULL) == 0 &&
			memchr(message.text, '\0', sizeof(message.text)),
		"a text that is not terminated is, here");
}

static void check_end(void)
{
	struct message message;

	NEED(message_send(sockets[0], MESSAGE_READY, 1, NULL, -1) == 0);
	(void)close(sockets[0]);
	CHECK(message_receive(sockets[1], &message, NULL) == 0 && message.type == MESSAGE_READY,
		"what was sent before the end is received");
	CHECK(message_receive(sockets[1], &message, NULL) == 0 && message.type == MESSAGE_END,
		"then the end");
	CHECK(message_send(sockets[1], MESSAGE_GO, 0, NULL, -1) == -EPIPE,
		"sending to nobody is an error, not a signal");
	(void)close(sockets[1]);
	CHECK(message_receive(sockets[1], &message, NULL) == -EBADF, "no socket at all");
}

/* A console socket is a stream; the receiver takes the descriptor with the name. */
static void check_stream(void)
{
	_cleanup_close_ int sent = open("/dev/null", O_RDONLY | O_CLOEXEC);
	char name[16] = "", control[CMSG_SPACE(sizeof(int))];
	struct iovec part = { name, sizeof(name) - 1 };
	struct msghdr header = { .msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control) };
	int pair[2];

	NEED(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
	CHECK(message_send_fd(pair[0], sent, "/dev/ptmx", 9) == 0, "sent over a stream");
	CHECK(recvmsg(pair[1], &header, MSG_CMSG_CLOEXEC) == 9 && CMSG_FIRSTHDR(&header),
		"bytes and a descriptor arrive");
	CHECK_TEXT(name, "/dev/ptmx", "the bytes");
	(void)close(pair[0]);
	(void)close(pair[1]);
}

int main(void)
{
	NEED(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) == 0);
	check_round_trip();
	check_descriptor();
	check_limits();
	check_end();
	check_stream();
	return test_end();
}
