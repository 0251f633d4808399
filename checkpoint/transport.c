/* SPDX-License-Identifier: Apache-2.0 */
#include "checkpoint/transport.h"

#include <endian.h>
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"

#define OUT_BYTES     ((size_t)256 * 1024)
#define IN_BYTES      ((size_t)256 * 1024)
#define SECOND	      1000000000ULL
#define MILLISECOND   1000000ULL
#define TEXT_MOST     1000
#define FAIL_PATIENCE 10000

void transport_close(struct transport *transport)
{
	if (transport->out_fd != transport->in_fd)
		file_close(&transport->out_fd);
	file_close(&transport->in_fd);
	transport->out_fd = -EBADF;
	buffer_free(&transport->in);
	buffer_free(&transport->out);
}

/* ---- what comes ------------------------------------------------------------------------------ */

ssize_t frame_read(const unsigned char *bytes, size_t length, struct frame *frame)
{
	uint32_t header[2];

	if (length < sizeof(header))
		return 0;
	memcpy(header, bytes, sizeof(header));
	header[0] = le32toh(header[0]);
	header[1] = le32toh(header[1]);
	if (!header[0] || header[0] >= FRAME_TYPES || header[1] > FRAME_MOST)
		return -EBADMSG;
	if (length - sizeof(header) < header[1])
		return 0;
	frame->type = (enum frame_type)header[0];
	frame->bytes = bytes + sizeof(header);
	frame->length = header[1];
	return (ssize_t)(sizeof(header) + header[1]);
}

int frame_unexpected(const struct frame *frame)
{
	return error_set(EPROTO, "the other side sends what does not belong there (frame %d)",
		(int)frame->type);
}

/* Its words are somebody else's: one line, and nothing that steers a terminal. */
static int heard_failure(struct transport *transport, const struct frame *frame)
{
	char text[TEXT_MOST + 1];
	size_t length = frame->length < TEXT_MOST ? frame->length : TEXT_MOST;

	for (size_t i = 0; i < length; i++) {
		bool printable = frame->bytes[i] >= ' ' && frame->bytes[i] != 0x7f;

		text[i] = (char)(printable ? frame->bytes[i] : ' ');
	}
	text[length] = '\0';
	transport->failed = true;
	return error_set(ECONNABORTED, "the other side refuses: %s", text);
}

/* 1 when there is a frame, 0 when more must be read. */
static int take_frame(struct transport *transport, struct frame *frame)
{
	ssize_t n;

	if (transport->taken == transport->in.length)
		transport->taken = transport->in.length = 0;
	n = frame_read((const unsigned char *)transport->in.data + transport->taken,
		transport->in.length - transport->taken, frame);
	if (n < 0)
		return error_set(EPROTO, "what the other side sends is no migration");
	transport->taken += (size_t)n;
	return n > 0;
}

/* Read what there is; it may be waited for. */
static int fill(struct transport *transport)
{
	ssize_t n;

	if (transport->taken) {
		transport->in.length -= transport->taken;
		memmove(transport->in.data, transport->in.data + transport->taken,
			transport->in.length);
		transport->taken = 0;
	}
	do
		n = read(transport->in_fd, buffer_reserve(&transport->in, IN_BYTES), IN_BYTES);
	while (n < 0 && errno == EINTR);
	if (n < 0 && errno == EAGAIN)
		return 0;
	if (n <= 0)
		return error_set(EPIPE, transport->one_way
						? "the file ends before the container does"
						: "the connection to the other side has ended");
	transport->in.length += (size_t)n;
	return 0;
}

static int wait_for(const struct transport *transport, int fd, short events)
{
	struct pollfd ready = { .fd = fd, .events = events };
	int r;

	do
		r = poll(&ready, 1, transport->silence);
	while (r < 0 && errno == EINTR);
	if (r < 0)
		return error_errno(errno, "poll");
	return r ? 0
		 : error_set(ETIMEDOUT, "the other side has been silent for %d seconds",
			   transport->silence / 1000);
}

int transport_next(struct transport *transport, struct frame *frame)
{
	int r = transport_flush(transport);

	while (r >= 0) {
		r = take_frame(transport, frame);
		if (r > 0)
			return frame->type == FRAME_FAILED ? heard_failure(transport, frame) : 0;
		if (r >= 0)
			r = wait_for(transport, transport->in_fd, POLLIN);
		if (r >= 0)
			r = fill(transport);
	}
	return r;
}

int transport_expect(struct transport *transport, enum frame_type type)
{
	struct frame frame;
	int r;

	if (transport->one_way)
		return transport_flush(transport);
	r = transport_next(transport, &frame);
	return r < 0 || frame.type == type ? r : frame_unexpected(&frame);
}

/* ---- what goes ------------------------------------------------------------------------------- */

static void pace(struct transport *transport)
{
	uint64_t now = clock_monotonic(), due;

	if (!transport->begun)
		transport->begun = now;
	if (!transport->bandwidth)
		return;
	due = transport->begun + transport->sent / transport->bandwidth * SECOND +
	      transport->sent % transport->bandwidth * SECOND / transport->bandwidth;
	if (due > now + MILLISECOND)
		clock_sleep((unsigned int)((due - now) / MILLISECOND));
}

/* A target that has given up says so while we still send. */
static int hear(struct transport *transport)
{
	struct pollfd ready = { .fd = transport->in_fd, .events = POLLIN };
	struct frame frame;
	ssize_t n;
	int r;

	if (transport->in_fd < 0 || poll(&ready, 1, 0) <= 0)
		return 0;
	r = fill(transport);
	if (r < 0)
		return r;
	n = frame_read((const unsigned char *)transport->in.data + transport->taken,
		transport->in.length - transport->taken, &frame);
	return n > 0 && frame.type == FRAME_FAILED ? heard_failure(transport, &frame) : 0;
}

static ssize_t send_some(const struct transport *transport, const char *bytes, size_t length)
{
	ssize_t n = send(transport->out_fd, bytes, length, MSG_NOSIGNAL | MSG_DONTWAIT);

	return n < 0 && errno == ENOTSOCK ? write(transport->out_fd, bytes, length) : n;
}

int transport_flush(struct transport *transport)
{
	size_t done = 0;
	int r = 0;

	if (transport->one_way && transport->out_fd < 0)
		transport->out.length = 0;
	while (r >= 0 && done < transport->out.length) {
		ssize_t n;

		pace(transport);
		n = send_some(transport, transport->out.data + done, transport->out.length - done);
		if (n > 0) {
			done += (size_t)n;
			transport->sent += (uint64_t)n;
		} else if (errno == EAGAIN) {
			r = hear(transport);
			if (r >= 0)
				r = wait_for(transport, transport->out_fd, POLLOUT);
		} else if (errno == EPIPE || errno == ECONNRESET) {
			/* It may have told why. */
			r = hear(transport);
			if (r >= 0)
				r = error_set(EPIPE, "the connection to the other side has ended");
		} else if (errno != EINTR) {
			r = error_errno(errno, "cannot send");
		}
	}
	transport->out.length = 0;
	return r;
}

int transport_put_parts(struct transport *transport, enum frame_type type, const void *first,
	size_t first_length, const void *second, size_t second_length)
{
	uint32_t header[2] = { htole32(type), htole32((uint32_t)(first_length + second_length)) };

	if (first_length + second_length > FRAME_MOST)
		return error_set(EFBIG, "a frame of %zu bytes", first_length + second_length);
	buffer_bytes(&transport->out, header, sizeof(header));
	if (first_length)
		buffer_bytes(&transport->out, first, first_length);
	if (second_length)
		buffer_bytes(&transport->out, second, second_length);
	return transport->out.length < OUT_BYTES ? 0 : transport_flush(transport);
}

int transport_put(
	struct transport *transport, enum frame_type type, const void *bytes, size_t length)
{
	return transport_put_parts(transport, type, bytes, length, NULL, 0);
}

/* What it has not read yet would reset the connection, and lose our words: read until it ends. */
static void drain(struct transport *transport)
{
	uint64_t end = clock_monotonic() + FAIL_PATIENCE * MILLISECOND;
	char bytes[4096];
	int left = FAIL_PATIENCE;

	(void)shutdown(transport->out_fd, SHUT_WR);
	while (left > 0) {
		struct pollfd ready = { .fd = transport->in_fd, .events = POLLIN };

		if (poll(&ready, 1, left) <= 0 || read(transport->in_fd, bytes, sizeof(bytes)) <= 0)
			return;
		left = (int)((int64_t)(end - clock_monotonic()) / (int64_t)MILLISECOND);
	}
}

void transport_fail(struct transport *transport, int result)
{
	_cleanup_free_ char *why = string_copy(error_text(result));
	size_t length = strlen(why);

	if (transport->failed || transport->one_way || result == -EPIPE || result == -ETIMEDOUT)
		return;
	transport->out.length = 0;
	if (transport_put(transport, FRAME_FAILED, why, length < TEXT_MOST ? length : TEXT_MOST) >=
			0 &&
		transport_flush(transport) >= 0)
		drain(transport);
	(void)error_set(result, "%s", why);
}
