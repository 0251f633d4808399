/* SPDX-License-Identifier: Apache-2.0 */
#include "checkpoint/criu.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "base/process.h"
#include "checkpoint/criu_log.h"

#define END_MILLISECONDS 5000
#define PACKET_BYTES	 65536

/* ---- the process ----------------------------------------------------------------------------- */

static void child_keep(int fd)
{
	(void)fcntl(fd, F_SETFD, 0);
}

/* Its output is its log; its input may be the terminal of a shell job. */
static int child_furnish(const struct criu_start *start)
{
	int null_fd = open("/dev/null", O_WRONLY | O_CLOEXEC);

	if (null_fd < 0 || dup2(null_fd, STDOUT_FILENO) < 0 || dup2(null_fd, STDERR_FILENO) < 0)
		return error_errno(errno, "/dev/null");
	for (size_t i = 0; start->inherited && i < start->inherited->count; i++)
		child_keep(start->inherited->items[i].fd);
	return 0;
}

static __attribute__((noreturn)) void child_run(
	const struct criu_start *start, int socket_fd, int error_fd)
{
	const char *program = start->program ? start->program : "criu";
	char number[16];
	int r = start->prepare ? start->prepare(start->context) : 0;

	if (r >= 0)
		r = child_furnish(start);
	if (r >= 0) {
		(void)snprintf(number, sizeof(number), "%d", socket_fd);
		child_keep(socket_fd);
		signal_reset_all();
		(void)execlp(program, program, "swrk", number, (char *)NULL);
		r = error_set(errno, "%s%s", program,
			errno == ENOENT ? ": there is no such program: install CRIU, or name it "
					  "with --criu"
					: ": cannot be executed");
	}
	(void)file_write_all(error_fd, error_text(r), strlen(error_text(r)));
	_exit(1);
}

int criu_start(struct criu *criu, const struct criu_start *start)
{
	_cleanup_close_ int child_fd = -EBADF, error_fd = -EBADF;
	int pair[2], ends[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return error_errno(errno, "socketpair");
	criu->socket_fd = pair[0];
	child_fd = pair[1];
	if (pipe2(ends, O_CLOEXEC) < 0)
		return error_errno(errno, "pipe");
	criu->error_fd = ends[0];
	error_fd = ends[1];
	pid = process_clone(0, start->cgroup_fd, &criu->pidfd);
	if (pid == 0)
		child_run(start, child_fd, error_fd);
	if (pid < 0)
		return error_errno(pid, "cannot make a process for CRIU");
	criu->pid = pid;
	return 0;
}

void criu_end(struct criu *criu)
{
	file_close(&criu->socket_fd);
	file_close(&criu->error_fd);
	if (criu->pid <= 0)
		return;
	/* On a closed connection it takes back what it has begun: that is better than killing it. */
	if (!process_wait_fd(criu->pidfd, END_MILLISECONDS))
		(void)process_signal(criu->pidfd, SIGKILL);
	(void)process_wait(criu->pid);
	file_close(&criu->pidfd);
	criu->pid = 0;
}

/* ---- packets --------------------------------------------------------------------------------- */

static int criu_send(const struct criu *criu, const struct buffer *packet)
{
	ssize_t n;

	do
		n = send(criu->socket_fd, packet->data, packet->length, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : 0;
}

static int taken_fd(struct msghdr *header)
{
	int fd = -EBADF;

	for (struct cmsghdr *part = CMSG_FIRSTHDR(header); part; part = CMSG_NXTHDR(header, part))
		if (part->cmsg_level == SOL_SOCKET && part->cmsg_type == SCM_RIGHTS &&
			part->cmsg_len >= CMSG_LEN(sizeof(fd)))
			memcpy(&fd, CMSG_DATA(part), sizeof(fd));
	return fd;
}

/* -EPIPE when CRIU has ended; no message. */
static int criu_receive(const struct criu *criu, struct criu_response *response, int *fd)
{
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr header;
	} control;
	_cleanup_free_ char *bytes = memory_allocate(PACKET_BYTES);
	struct iovec part = { .iov_base = bytes, .iov_len = PACKET_BYTES };
	struct msghdr header = { .msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control) };
	ssize_t n;

	do
		n = recvmsg(criu->socket_fd, &header, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n <= 0)
		return n < 0 && errno != ECONNRESET ? -errno : -EPIPE;
	*fd = taken_fd(&header);
	return header.msg_flags & MSG_TRUNC ? -EBADMSG
					    : criu_response_read(response, bytes, (size_t)n);
}

/* ---- requests -------------------------------------------------------------------------------- */

static int criu_ask(struct criu *criu, enum criu_request type, struct criu_response *response)
{
	_cleanup_buffer_ struct buffer packet = { 0 };
	_cleanup_close_ int fd = -EBADF;
	int r;

	criu_request_write(&packet, type, NULL, true);
	r = criu_send(criu, &packet);
	if (r >= 0)
		r = criu_receive(criu, response, &fd);
	if (r >= 0 && (response->type != type || !response->success))
		r = -EOPNOTSUPP;
	return r;
}

static int criu_check_version(unsigned int version)
{
	if (version >= CRIU_VERSION_LEAST)
		return 0;
	return error_set(EOPNOTSUPP, "CRIU %u.%u is too old: hull needs %u.%u or newer",
		version / 10000, version / 100 % 100, CRIU_VERSION_LEAST / 10000,
		CRIU_VERSION_LEAST / 100 % 100);
}

int criu_meet(struct criu *criu)
{
	_cleanup_buffer_ struct buffer words = { 0 };
	struct criu_response response;
	int r = file_read_fd(criu->error_fd, &words, ERROR_TEXT_BYTES);

	if (r < 0)
		return error_errno(r, "cannot hear from CRIU");
	if (words.length)
		return error_set(EIO, "%s", words.data);
	r = criu_ask(criu, CRIU_VERSION, &response);
	/* Very old ones do not know the question. */
	if (r == -EOPNOTSUPP)
		return criu_check_version(20000);
	if (r < 0)
		return error_errno(r, "CRIU does not answer");
	criu->version = response.version;
	return criu_check_version(response.version);
}

int criu_features(struct criu *criu, bool *track_memory, bool *lazy_pages)
{
	struct criu_response response;
	int r = criu_ask(criu, CRIU_FEATURE_CHECK, &response);

	if (r < 0)
		return error_errno(r, "CRIU does not tell what it can do");
	*track_memory = response.track_memory;
	*lazy_pages = response.lazy_pages;
	return 0;
}

static const char *request_words(enum criu_request type)
{
	return type == CRIU_RESTORE ? "cannot restore"
	       : type == CRIU_DUMP  ? "cannot checkpoint"
				    : "cannot pre-dump";
}

static int criu_failed(
	enum criu_request type, int error, const struct criu_options *options, const char *path)
{
	_cleanup_buffer_ struct buffer cause = { 0 };

	criu_log_cause(options->work_fd, options->log_file, &cause);
	if (!cause.length)
		buffer_text(&cause, error ? error_words(error) : "CRIU does not say why");
	if (!path)
		return error_set(EIO, "%s: %s", request_words(type), cause.data);
	return error_set(EIO, "%s: %s (CRIU's log: %s/%s)", request_words(type), cause.data, path,
		options->log_file);
}

static int criu_answer(const struct criu *criu, bool success)
{
	_cleanup_buffer_ struct buffer packet = { 0 };

	criu_answer_write(&packet, success);
	return criu_send(criu, &packet);
}

int criu_request(struct criu *criu, enum criu_request type, const struct criu_options *options,
	const char *work_path, criu_notify *notify, void *context, pid_t *restored)
{
	_cleanup_buffer_ struct buffer packet = { 0 };
	_cleanup_free_ char *refusal = NULL;
	struct criu_response response = { 0 };
	int r;

	criu_request_write(&packet, type, options, false);
	r = criu_send(criu, &packet);
	while (r >= 0) {
		_cleanup_close_ int fd = -EBADF;
		int told;

		r = criu_receive(criu, &response, &fd);
		if (r < 0 || response.type != CRIU_NOTIFY)
			break;
		log_debug("criu: %s", response.script);
		told = notify(context, response.script, response.pid, fd);
		if (told < 0 && !refusal)
			refusal = string_copy(error_text(told));
		r = criu_answer(criu, told >= 0);
	}
	if (refusal)
		return error_set(EIO, "%s", refusal);
	if (r < 0 || response.type != type || !response.success)
		return criu_failed(type, response.error, options, work_path);
	if (restored)
		*restored = response.pid;
	return 0;
}
