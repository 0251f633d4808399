/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes of stdio between a process and the monitor, as far as there is credit. */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/file.h"
#include "microvm/guest/service.h"

/* Frames that wait for the monitor; streams stop before this, so it is never passed by much. */
#define OUT_MOST (SESSION_BODY * 8ul)

static const enum session_type frame_types[STREAMS] = {
	[STREAM_OUTPUT] = SESSION_OUTPUT,
	[STREAM_ERRORS] = SESSION_ERRORS,
};

static void stream_end(struct stdio *stdio, unsigned int stream)
{
	stdio->ended[stream] = true;
	file_close(&stdio->fds[stream]);
}

/* What the process has printed. */
static void stream_read(struct service *service, unsigned int number, unsigned int stream)
{
	struct stdio *stdio = &service->served[number].stdio;
	char bytes[SESSION_BODY];

	while (!stdio->ended[stream] && stdio->credit[stream] && service->out.length < OUT_MOST) {
		size_t most = stdio->credit[stream] < sizeof(bytes) ? stdio->credit[stream]
								    : sizeof(bytes);
		ssize_t got = read(stdio->fds[stream], bytes, most);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0 && errno == EAGAIN)
			return;
		/* A terminal whose last user is gone says EIO. */
		if (got <= 0) {
			stream_end(stdio, stream);
			return;
		}
		service_send(service, frame_types[stream], number, bytes, (size_t)got);
		stdio->credit[stream] -= (uint32_t)got;
	}
}

/* What the monitor has sent for the process to read. */
static void stream_write(struct service *service, unsigned int number)
{
	struct stdio *stdio = &service->served[number].stdio;
	struct buffer *input = &stdio->input;
	struct session_credits credits = { STREAM_INPUT, 0 };

	while (input->length && stdio->fds[STREAM_INPUT] >= 0) {
		ssize_t done = write(stdio->fds[STREAM_INPUT], input->data, input->length);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0 && errno == EAGAIN)
			break;
		/* Nobody reads it any more: it is as good as read. */
		if (done < 0) {
			done = (ssize_t)input->length;
			file_close(&stdio->fds[STREAM_INPUT]);
		}
		input->length -= (size_t)done;
		memmove(input->data, input->data + done, input->length);
		credits.bytes += (uint32_t)done;
	}
	if (credits.bytes)
		service_send(service, SESSION_CREDITS, number, &credits, sizeof(credits));
	if (!input->length && stdio->input_ends)
		file_close(&stdio->fds[STREAM_INPUT]);
}

void served_pump(struct service *service, unsigned int number)
{
	struct served *served = &service->served[number];

	if (served->state != SERVED_RUNS || !served->started)
		return;
	stream_write(service, number);
	stream_read(service, number, STREAM_OUTPUT);
	stream_read(service, number, STREAM_ERRORS);
	if (served->exited && service->out.length < OUT_MOST)
		served_finish(service, number);
}

unsigned int served_poll(const struct served *served, struct pollfd *polls)
{
	const struct stdio *stdio = &served->stdio;
	unsigned int count = 0;

	if (served->state != SERVED_RUNS || !served->started)
		return 0;
	if (stdio->input.length && stdio->fds[STREAM_INPUT] >= 0)
		polls[count++] = (struct pollfd){ stdio->fds[STREAM_INPUT], POLLOUT, 0 };
	for (int i = STREAM_OUTPUT; i <= STREAM_ERRORS; i++)
		if (!stdio->ended[i] && stdio->credit[i])
			polls[count++] = (struct pollfd){ stdio->fds[i], POLLIN, 0 };
	return count;
}
