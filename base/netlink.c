/* SPDX-License-Identifier: Apache-2.0 */
#include "base/netlink.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/file.h"

#define ANSWER_BYTES 32768 /* what the kernel fills at most in one go */

int netlink_open(void)
{
	const int on = 1;
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

	if (fd < 0)
		return -errno;
	/* Both only make answers better: the kernel's words, and no more than was asked for. */
	(void)setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof(on));
	(void)setsockopt(fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &on, sizeof(on));
	return fd;
}

static void netlink_pad(struct buffer *request)
{
	static const char zeros[NLMSG_ALIGNTO];

	buffer_bytes(request, zeros, NLMSG_ALIGN(request->length) - request->length);
}

void netlink_begin(struct buffer *request, uint16_t type, uint16_t flags, const void *header,
	size_t header_bytes)
{
	const struct nlmsghdr message = { .nlmsg_type = type,
		.nlmsg_flags = (uint16_t)(NLM_F_REQUEST | NLM_F_ACK | flags),
		.nlmsg_seq = 1 };

	buffer_bytes(request, &message, sizeof(message));
	buffer_bytes(request, header, header_bytes);
	netlink_pad(request);
}

void netlink_add(struct buffer *request, uint16_t type, const void *value, size_t bytes)
{
	const struct rtattr attribute = { .rta_len = (uint16_t)RTA_LENGTH(bytes),
		.rta_type = type };

	buffer_bytes(request, &attribute, sizeof(attribute));
	buffer_bytes(request, value, bytes);
	netlink_pad(request);
}

void netlink_add_number(struct buffer *request, uint16_t type, uint32_t value)
{
	netlink_add(request, type, &value, sizeof(value));
}

void netlink_add_text(struct buffer *request, uint16_t type, const char *text)
{
	netlink_add(request, type, text, strlen(text) + 1);
}

size_t netlink_nest(struct buffer *request, uint16_t type)
{
	const size_t nest = request->length;

	netlink_add(request, type, "", 0);
	return nest;
}

void netlink_nest_end(struct buffer *request, size_t nest)
{
	((struct rtattr *)(request->data + nest))->rta_len = (uint16_t)(request->length - nest);
}

/* Of an answer that says no: the attribute with the reason stands behind what was asked. */
static void netlink_read_why(const struct nlmsghdr *message, char why[128])
{
	const struct nlmsgerr *error = NLMSG_DATA(message);
	size_t skip = sizeof(*error);
	const struct rtattr *words[NLMSGERR_ATTR_MSG + 1];

	if (!(message->nlmsg_flags & NLM_F_ACK_TLVS))
		return;
	if (!(message->nlmsg_flags & NLM_F_CAPPED))
		skip += NLMSG_ALIGN(error->msg.nlmsg_len) - sizeof(error->msg);
	netlink_attributes(message, skip, words, NLMSGERR_ATTR_MSG);
	if (words[NLMSGERR_ATTR_MSG]) {
		size_t bytes = RTA_PAYLOAD(words[NLMSGERR_ATTR_MSG]);

		if (bytes > 127)
			bytes = 127;
		memcpy(why, RTA_DATA(words[NLMSGERR_ATTR_MSG]), bytes);
		why[bytes] = '\0';
	}
}

/* One datagram of answers; 1 when the last one was among them. */
static int netlink_read(int fd, netlink_answer answer, void *context, char why[128])
{
	char bytes[ANSWER_BYTES] __attribute__((aligned(NLMSG_ALIGNTO)));
	const struct nlmsghdr *message = (const struct nlmsghdr *)bytes;
	ssize_t n;
	size_t left;

	do
		n = recv(fd, bytes, sizeof(bytes), 0);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	for (left = (size_t)n; NLMSG_OK(message, left); message = NLMSG_NEXT(message, left)) {
		if (message->nlmsg_type == NLMSG_DONE)
			return 1;
		if (message->nlmsg_type == NLMSG_ERROR) {
			const struct nlmsgerr *error = NLMSG_DATA(message);

			if (error->error && why)
				netlink_read_why(message, why);
			return error->error ? error->error : 1;
		}
		if (answer)
			answer(context, message);
	}
	return 0;
}

int netlink_ask(int fd, struct buffer *request, netlink_answer answer, void *context, char why[128])
{
	int r = 0;

	((struct nlmsghdr *)request->data)->nlmsg_len = (uint32_t)request->length;
	if (why)
		*why = '\0';
	if (send(fd, request->data, request->length, 0) < 0)
		return -errno;
	while (r == 0)
		r = netlink_read(fd, answer, context, why);
	return r < 0 ? r : 0;
}

void netlink_attributes(const struct nlmsghdr *message, size_t header_bytes,
	const struct rtattr **into, size_t most)
{
	const size_t skip = NLMSG_LENGTH(NLMSG_ALIGN(header_bytes));
	const struct rtattr *at = (const struct rtattr *)((const char *)message + skip);
	size_t left = message->nlmsg_len > skip ? message->nlmsg_len - skip : 0;

	memset(into, 0, (most + 1) * sizeof(*into));
	for (; RTA_OK(at, left); at = RTA_NEXT(at, left)) {
		unsigned int type = at->rta_type & NLA_TYPE_MASK;

		if (type <= most)
			into[type] = at;
	}
}
