/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/migration_carrier.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/process.h"
#include "runtime/handover.h"

#define LINK	     "hull-link"
#define CALL_FD	     3
#define END_PATIENCE 5000

/* In the child: FD is its standard streams, and a terminal's interrupt is for hull alone. */
static int take_streams(int fd)
{
	if (dup2(fd, STDIN_FILENO) < 0 || dup2(fd, STDOUT_FILENO) < 0)
		return errno;
	(void)setsid();
	signal_reset_all();
	return 0;
}

/* The child has 0 as its pid, and *FD is its end of the socket; else ours, or a negative errno with a message. */
static int carrier_begin(struct carrier *carrier, const char *name, int *fd)
{
	_cleanup_close_ int own_fd = -EBADF, other_fd = -EBADF;
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return error_errno(errno, "socketpair");
	own_fd = pair[0];
	other_fd = pair[1];
	carrier->pid = process_clone(0, -1, &carrier->pidfd);
	if (carrier->pid < 0)
		return error_errno(carrier->pid, "cannot make a process for %s", name);
	*fd = carrier->pid ? TAKE_FD(own_fd) : TAKE_FD(other_fd);
	return 0;
}

/* One line: a word that begins with a dash is no option, and the other side's shell reads the rest. */
static __attribute__((noreturn)) void become_ssh(const char *target, const char *remote, int fd)
{
	int r = take_streams(fd);

	if (!r) {
		(void)execlp("ssh", "ssh", "-T", "--", target, remote, (char *)NULL);
		r = errno;
	}
	log_error("%s", error_text(error_set(r, "ssh: %s",
				r == ENOENT ? "there is no such program" : error_words(r))));
	_exit(1);
}

int carrier_ssh(struct carrier *carrier, const char *target, const char *remote)
{
	int fd = -1, r = carrier_begin(carrier, "ssh", &fd);

	if (r >= 0 && carrier->pid == 0)
		become_ssh(target, remote, fd);
	return r < 0 ? r : fd;
}

/* ---- hull-link ------------------------------------------------------------------------------- */

static __attribute__((noreturn)) void become_link(char **words, int fd, int call_fd)
{
	static const char missing[] = LINK " is not installed beside hull";

	if (take_streams(fd))
		_exit(1);
	if (call_fd == CALL_FD)
		(void)fcntl(call_fd, F_SETFD, 0);
	else if (call_fd >= 0)
		(void)dup2(call_fd, CALL_FD);
	handover_execute(LINK, words);
	(void)file_write_all(STDOUT_FILENO, missing, strlen(missing));
	_exit(1);
}

/* Its first line: empty, or why there is no connection. */
static int hear(int fd)
{
	_cleanup_buffer_ struct buffer line = { 0 };
	char byte = 0;
	ssize_t n;

	while ((n = read(fd, &byte, 1)) == 1 && byte != '\n' && line.length < ERROR_TEXT_BYTES)
		buffer_bytes(&line, &byte, 1);
	if (n == 1 && byte == '\n' && !line.length)
		return 0;
	return error_set(ECONNABORTED, "%s", line.length ? line.data : LINK " has ended");
}

static int link_begin(struct carrier *carrier, char **words, int call_fd)
{
	_cleanup_close_ int fd = -EBADF;
	int r = carrier_begin(carrier, LINK, &fd);

	if (r >= 0 && carrier->pid == 0)
		become_link(words, fd, call_fd);
	if (r >= 0)
		r = hear(fd);
	return r < 0 ? r : TAKE_FD(fd);
}

int carrier_connect(struct carrier *carrier, const char *host, const char *port, const char *folder)
{
	char *words[] = { LINK, "connect", (char *)folder, (char *)host, (char *)port, NULL };

	return link_begin(carrier, words, -1);
}

int carrier_accept(struct carrier *carrier, int call_fd, const char *folder)
{
	char *words[] = { LINK, "accept", (char *)folder, NULL };

	return link_begin(carrier, words, call_fd);
}

void carrier_end(struct carrier *carrier)
{
	if (carrier->pid <= 0)
		return;
	if (!process_wait_fd(carrier->pidfd, END_PATIENCE))
		(void)process_signal(carrier->pidfd, SIGKILL);
	(void)process_wait(carrier->pid);
	file_close(&carrier->pidfd);
	carrier->pid = 0;
}
