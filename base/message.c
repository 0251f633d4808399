/* SPDX-License-Identifier: Apache-2.0 */
#include "base/message.h"

#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#define HEADER_BYTES offsetof(struct message, text)

union message_control {
	struct cmsghdr align;
	char bytes[CMSG_SPACE(sizeof(int))];
};

static int message_send_parts(int socket_fd, int fd, struct iovec *parts, unsigned int count)
{
	union message_control control = { 0 };
	struct msghdr header = { .msg_iov = parts, .msg_iovlen = count };
	ssize_t n;

	if (fd >= 0) {
		struct cmsghdr *rights;

		header.msg_control = control.bytes;
		header.msg_controllen = sizeof(control.bytes);
		rights = CMSG_FIRSTHDR(&header);
		rights->cmsg_level = SOL_SOCKET;
		rights->cmsg_type = SCM_RIGHTS;
		rights->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(rights), &fd, sizeof(int));
	}
	do
		n = sendmsg(socket_fd, &header, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : 0;
}

int message_send_fd(int socket_fd, int fd, const void *bytes, unsigned int length)
{
	struct iovec part = { .iov_base = (void *)bytes, .iov_len = length };

	return message_send_parts(socket_fd, fd, &part, 1);
}

int message_send(int socket_fd, enum message_type type, int value, const char *text, int fd)
{
	struct {
		uint32_t type;
		int32_t value;
	} header = { type, value };
	struct iovec parts[] = {
		{ .iov_base = &header, .iov_len = sizeof(header) },
		{ .iov_base = (void *)text,
			.iov_len = text ? strnlen(text, ERROR_TEXT_BYTES - 1) : 0 },
	};

	_Static_assert(sizeof(header) == HEADER_BYTES, "the header of struct message");
	return message_send_parts(socket_fd, fd, parts, 2);
}

static void message_take_fd(struct msghdr *header, int *fd)
{
	struct cmsghdr *rights = CMSG_FIRSTHDR(header);
	int received;

	if (!rights || rights->cmsg_level != SOL_SOCKET || rights->cmsg_type != SCM_RIGHTS)
		return;
	memcpy(&received, CMSG_DATA(rights), sizeof(int));
	if (fd && *fd < 0)
		*fd = received;
	else
		(void)close(received);
}

static int message_receive_with(int socket_fd, struct message *message, int *fd, int flags)
{
	union message_control control;
	struct iovec part = { .iov_base = message, .iov_len = sizeof(*message) - 1 };
	struct msghdr header = { .msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes) };
	ssize_t n;

	/* unix(7): ECONNRESET only says that the other side left mail unread; ours is still there. */
	do
		n = recvmsg(socket_fd, &header, MSG_CMSG_CLOEXEC | flags);
	while (n < 0 && (errno == EINTR || errno == ECONNRESET));
	if (n < 0)
		return -errno;
	if (n <= 0) {
		*message = (struct message){ .type = MESSAGE_END };
		return 0;
	}
	message_take_fd(&header, fd);
	if ((size_t)n < HEADER_BYTES || message->type >= MESSAGE_TYPES)
		return -EPROTO;
	message->text[(size_t)n - HEADER_BYTES] = '\0';
	return 0;
}

int message_receive(int socket_fd, struct message *message, int *fd)
{
	return message_receive_with(socket_fd, message, fd, 0);
}

int message_receive_now(int socket_fd, struct message *message)
{
	return message_receive_with(socket_fd, message, NULL, MSG_DONTWAIT);
}
