/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/announce.h"

#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "base/message.h"
#include "runtime/unix_socket.h"

int announce_pidfd(const char *path, int pidfd, const char *word)
{
	_cleanup_close_ int socket_fd = -EBADF;
	int r;

	if (!path)
		return 0;
	socket_fd = unix_socket_connect("--pidfd-socket", path);
	if (socket_fd < 0)
		return socket_fd;
	r = message_send_fd(socket_fd, pidfd, word, (unsigned int)strlen(word));
	return r < 0 ? error_errno(r, "--pidfd-socket: cannot send to %s", path) : 0;
}

int announce_terminal(int console_fd, int terminal_fd)
{
	/* It says nothing: receivers want some bytes beside the descriptor. */
	static const char name[] = "/dev/ptmx";
	int r = message_send_fd(console_fd, terminal_fd, name, sizeof(name) - 1);

	return r < 0 ? error_errno(r, "cannot send the terminal to the console socket") : 0;
}
