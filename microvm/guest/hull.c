/* SPDX-License-Identifier: Apache-2.0 */
#include "microvm/guest/hull.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/process.h"

#define MOST_ARGUMENTS 64

int hull_prepare_child(const int *stdio)
{
	int r = 0;

	(void)setsid();
	signal_reset_all();
	for (int i = 0; r >= 0 && i < STREAMS; i++)
		r = file_move(stdio[i], i, false);
	return r;
}

pid_t hull_spawn(char *const *arguments, const int *stdio)
{
	char *words[MOST_ARGUMENTS + 2] = { "hull" };
	char *environment[] = { "PATH=/bin", NULL };
	pid_t pid;

	for (size_t i = 0; i < MOST_ARGUMENTS && arguments[i]; i++)
		words[i + 1] = arguments[i];
	pid = process_clone(0, -1, NULL);
	if (pid != 0)
		return pid;
	if (hull_prepare_child(stdio) >= 0)
		(void)execve("/bin/hull", words, environment);
	_exit(1);
}

int console_listen(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	_cleanup_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	(void)unlink(path);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
		listen(fd, 1) < 0)
		return -errno;
	return TAKE_FD(fd);
}

int console_accept(int *socket_fd)
{
	char byte, control[CMSG_SPACE(sizeof(int))];
	struct iovec data = { &byte, 1 };
	struct msghdr message = { .msg_iov = &data,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control) };
	_cleanup_close_ int fd = accept4(*socket_fd, NULL, NULL, SOCK_CLOEXEC);
	struct cmsghdr *head;
	int terminal;

	file_close(socket_fd);
	if (fd < 0 || recvmsg(fd, &message, MSG_CMSG_CLOEXEC) < 0)
		return -errno;
	head = CMSG_FIRSTHDR(&message);
	if (!head || head->cmsg_type != SCM_RIGHTS)
		return -EPROTO;
	memcpy(&terminal, CMSG_DATA(head), sizeof(terminal));
	return terminal;
}

pid_t pid_file_read(const char *path)
{
	long long number;

	return file_read_number_at(AT_FDCWD, path, &number) < 0 ? 0 : (pid_t)number;
}
