/* SPDX-License-Identifier: Apache-2.0 */
#include "microvm/guest/stdio.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/file.h"

void stdio_init(struct stdio *stdio)
{
	*stdio = (struct stdio){ 0 };
	for (int i = 0; i < STREAMS; i++) {
		stdio->fds[i] = stdio->program[i] = -EBADF;
		stdio->credit[i] = SESSION_CREDIT;
	}
}

static void set_nonblocking(int fd)
{
	(void)fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
}

int stdio_make_pipes(struct stdio *stdio)
{
	for (int i = 0; i < STREAMS; i++) {
		int ends[2];
		bool in = i == STREAM_INPUT;

		if (pipe2(ends, O_CLOEXEC) < 0)
			return -errno;
		stdio->program[i] = ends[in ? 0 : 1];
		stdio->fds[i] = ends[in ? 1 : 0];
		set_nonblocking(stdio->fds[i]);
	}
	return 0;
}

void stdio_set_terminal(struct stdio *stdio, int master_fd)
{
	for (int i = 0; i < STREAMS; i++)
		file_close(&stdio->fds[i]);
	set_nonblocking(master_fd);
	stdio->fds[STREAM_INPUT] = fcntl(master_fd, F_DUPFD_CLOEXEC, 3);
	stdio->fds[STREAM_OUTPUT] = master_fd;
	stdio->ended[STREAM_ERRORS] = true;
}

void stdio_close_program(struct stdio *stdio)
{
	for (int i = 0; i < STREAMS; i++)
		file_close(&stdio->program[i]);
}

void stdio_close(struct stdio *stdio)
{
	stdio_close_program(stdio);
	for (int i = 0; i < STREAMS; i++)
		file_close(&stdio->fds[i]);
	buffer_free(&stdio->input);
}
