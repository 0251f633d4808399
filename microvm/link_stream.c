/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/file.h"
#include "microvm/link.h"

/* A pipe that is ready takes this much without making us wait, though it is a blocking one. */
#define PIECE 4096u

static void stream_input(struct link_stream *stream);

/* Wait for the descriptor, or for nothing. */
static void stream_watch(struct link_stream *stream, bool wait)
{
	uint32_t events = stream->stream == STREAM_INPUT ? EPOLLIN : EPOLLOUT;

	if (stream->unwatched || stream->source.fd < 0)
		return;
	if (loop_watch(stream->link->loop, &stream->source, wait ? events : 0) == -EPERM)
		stream->unwatched = true;
}

static void stream_close(struct link_stream *stream)
{
	stream_watch(stream, false);
	file_close(&stream->source.fd);
	stream->ended = true;
	buffer_free(&stream->pending);
}

/* ---- into the guest ---------------------------------------------------------------------------------- */

static void stream_input_end(struct link_stream *stream)
{
	stream_close(stream);
	link_send(stream->link, SESSION_INPUT_END, stream->process, NULL, 0);
}

/* One read: the descriptor may be a blocking one, and is known to be ready for no more. */
static bool stream_read_once(struct link_stream *stream)
{
	char bytes[PIECE];
	size_t most = stream->credit < sizeof(bytes) ? stream->credit : sizeof(bytes);
	ssize_t got = read(stream->source.fd, bytes, most);

	if (got < 0 && (errno == EINTR || errno == EAGAIN))
		return false;
	if (got <= 0) {
		stream_input_end(stream);
		return false;
	}
	stream->credit -= (uint32_t)got;
	link_send(stream->link, SESSION_INPUT, stream->process, bytes, (size_t)got);
	return true;
}

static void stream_input(struct link_stream *stream)
{
	while (!stream->ended && stream->credit && stream_read_once(stream) && stream->unwatched)
		;
	stream_watch(stream, !stream->ended && stream->credit);
}

void link_stream_credit(struct link_stream *stream, uint32_t bytes)
{
	if (bytes > SESSION_CREDIT - stream->credit) {
		link_fail(stream->link, "the guest breaks the protocol");
		return;
	}
	stream->credit += bytes;
	stream_watch(stream, !stream->ended);
	if (stream->unwatched)
		stream_input(stream);
}

/* ---- out of the guest -------------------------------------------------------------------------------- */

static void stream_output(struct link_stream *stream)
{
	struct session_credits credits = { stream->stream, 0 };
	struct buffer *pending = &stream->pending;

	while (pending->length) {
		size_t most = pending->length < PIECE ? pending->length : PIECE;
		ssize_t done = stream->source.fd < 0
				       ? (ssize_t)most
				       : write(stream->source.fd, pending->data, most);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0 && errno == EAGAIN)
			break;
		/* Nobody reads it any more: it is as good as written. */
		if (done < 0) {
			stream_watch(stream, false);
			file_close(&stream->source.fd);
			done = (ssize_t)most;
		}
		pending->length -= (size_t)done;
		memmove(pending->data, pending->data + done, pending->length);
		credits.bytes += (uint32_t)done;
		if (!stream->unwatched && stream->source.fd >= 0)
			break;
	}
	if (credits.bytes)
		link_send(
			stream->link, SESSION_CREDITS, stream->process, &credits, sizeof(credits));
	stream_watch(stream, pending->length > 0);
}

void link_stream_output(struct link_stream *stream, const void *bytes, uint32_t length)
{
	if (length > SESSION_CREDIT - stream->pending.length) {
		link_fail(stream->link, "the guest breaks the protocol");
		return;
	}
	buffer_bytes(&stream->pending, bytes, length);
	stream_watch(stream, true);
	if (stream->unwatched || stream->source.fd < 0)
		stream_output(stream);
}

static void stream_ready(void *context, uint32_t events)
{
	struct link_stream *stream = context;
	struct link *link = stream->link;
	unsigned int process = stream->process;

	(void)events;
	if (stream->stream == STREAM_INPUT)
		stream_input(stream);
	else
		stream_output(stream);
	if (link->processes[process].exited)
		link_process_ended(link, process);
}

/* ---- all three ---------------------------------------------------------------------------------------- */

void link_streams_open(struct link *link, unsigned int process, const int *fds)
{
	for (unsigned int i = 0; i < STREAMS; i++) {
		struct link_stream *stream = &link->processes[process].streams[i];

		*stream = (struct link_stream){
			.link = link,
			.process = process,
			.stream = i,
			.credit = SESSION_CREDIT,
		};
		stream->source = (struct loop_source){ fds[i], stream_ready, stream, 0 };
	}
	stream_watch(&link->processes[process].streams[STREAM_INPUT], true);
	if (link->processes[process].streams[STREAM_INPUT].unwatched)
		stream_input(&link->processes[process].streams[STREAM_INPUT]);
}

void link_streams_close(struct link_process *process)
{
	for (unsigned int i = 0; i < STREAMS; i++)
		if (process->streams[i].link)
			stream_close(&process->streams[i]);
}

bool link_streams_drained(const struct link_process *process)
{
	return !process->streams[STREAM_OUTPUT].pending.length &&
	       !process->streams[STREAM_ERRORS].pending.length;
}

void link_process_ended(struct link *link, unsigned int number)
{
	struct link_process *process = &link->processes[number];
	int code = process->exit_code;

	if (!link_streams_drained(process))
		return;
	if (process->client) {
		process->client->process = -1;
		link_client_reply(process->client, true, code, "");
	}
	link_streams_close(process);
	*process = (struct link_process){ 0 };
	if (number == 0)
		link->ended(link->context, code, NULL);
}

void link_resize(struct link *link, unsigned int process, int terminal_fd)
{
	struct winsize size;
	struct session_terminal terminal = { .wanted = 1 };

	if (ioctl(terminal_fd, TIOCGWINSZ, &size) < 0)
		return;
	terminal.rows = size.ws_row;
	terminal.columns = size.ws_col;
	link_send(link, SESSION_RESIZE, process, &terminal, sizeof(terminal));
}
