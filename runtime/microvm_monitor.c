/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/microvm_monitor.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <termios.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/message.h"
#include "base/process.h"
#include "runtime/microvm_network.h"
#include "spec/annotation.h"

#define ANSWER_MS  180000
#define MOST_WORDS 16

/* ---- its socket -------------------------------------------------------------------------------- */

/* Through the folder's descriptor: the path of a state folder may be longer than a socket's. */
static void socket_address(
	const struct container *container, const char *name, struct sockaddr_un *address)
{
	*address = (struct sockaddr_un){ .sun_family = AF_UNIX };
	(void)snprintf(address->sun_path, sizeof(address->sun_path), "/proc/self/fd/%d/%s",
		container->folder_fd, name);
}

int monitor_listen(const struct container *container, const char *name)
{
	bool stream = !strcmp(name, MONITOR_VSOCK_NAME);
	_cleanup_close_ int fd =
		socket(AF_UNIX, (stream ? SOCK_STREAM : SOCK_SEQPACKET) | SOCK_CLOEXEC, 0);
	struct sockaddr_un address;

	socket_address(container, name, &address);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
		listen(fd, SOMAXCONN) < 0)
		return error_errno(errno, "the socket of the microVM");
	return TAKE_FD(fd);
}

int monitor_connect(const struct container *container)
{
	_cleanup_close_ int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	struct sockaddr_un address;

	socket_address(container, MONITOR_SOCKET_NAME, &address);
	if (fd < 0)
		return error_errno(errno, "the socket of the microVM");
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return error_set(ESRCH, "the container's microVM has ended");
	return TAKE_FD(fd);
}

/* ---- starting it ---------------------------------------------------------------------------------- */

char **monitor_words(
	struct arena *arena, const struct microvm_bundle *bundle, const struct config *config)
{
	char **words =
		arena_allocate(arena, (MOST_WORDS + 2 * bundle->shares.count) * sizeof(*words));
	const char *vsock = config_annotation(config, ANNOTATION_VSOCK);
	const struct config_vm *vm = config->vm;
	size_t count = 0;

	words[count++] = arena_format(arena, "hull-vmm");
	words[count++] = arena_format(arena, "--control=%d", MONITOR_FIRST_FD + MONITOR_CONTROL);
	words[count++] = arena_format(arena, "--client=%d", MONITOR_FIRST_FD + MONITOR_CLIENT);
	words[count++] = arena_format(arena, "--memory=%u", bundle->memory);
	words[count++] = arena_format(arena, "--vcpus=%u", bundle->vcpus);
	if (microvm_network_wanted(config))
		words[count++] = arena_format(arena, "--network");
	if (vsock) {
		words[count++] = arena_format(arena, "--vsock=%s", vsock);
		words[count++] = arena_format(
			arena, "--vsock-listener=%d", MONITOR_FIRST_FD + MONITOR_VSOCK);
	}
	if (vm && vm->kernel->path)
		words[count++] = arena_format(arena, "--kernel=%s", vm->kernel->path);
	if (vm && vm->kernel->parameters.count) {
		_cleanup_buffer_ struct buffer text = { 0 };

		for (size_t i = 0; i < vm->kernel->parameters.count; i++)
			buffer_format(&text, "%s%s", i ? " " : "", vm->kernel->parameters.items[i]);
		words[count++] = arena_format(arena, "--append=%s", text.data);
	}
	for (size_t i = 0; i < bundle->shares.count; i++)
		words[count++] = arena_format(arena, "--share=%s", bundle->shares.items[i]);
	words[count] = NULL;
	return words;
}

/* Beside hull: not by /proc/self/exe, which is a clone that lies nowhere (runtime/self.h). */
void monitor_execute(char **words)
{
	const char *slash = strrchr(program_invocation_name, '/');
	char path[PATH_MAX];

	if (slash) {
		(void)snprintf(path, sizeof(path), "%.*shull-vmm",
			(int)(slash + 1 - program_invocation_name), program_invocation_name);
		(void)execv(path, words);
	}
	(void)execvp("hull-vmm", words);
}

/* ---- asking it -------------------------------------------------------------------------------------- */

int monitor_ask(int socket_fd, enum request_type type, void *body, size_t bytes, bool terminal,
	const int *fds)
{
	struct request request = { .type = type, .terminal.wanted = terminal };
	struct iovec parts[] = { { &request, sizeof(request) }, { body, bytes } };
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int) * REQUEST_FDS)] = { 0 };
	struct msghdr message = { .msg_iov = parts, .msg_iovlen = 2 };
	/* The kernel doubles it. */
	const int room = (REQUEST_BODY + 4096) / 2;
	size_t count = 0;

	if (bytes > REQUEST_BODY)
		return error_set(
			E2BIG, "config.json: longer than a microVM takes (%u bytes)", REQUEST_BODY);
	while (fds && count < REQUEST_FDS && fds[count] >= 0)
		count++;
	if (count) {
		struct cmsghdr *head;

		message.msg_control = control;
		message.msg_controllen = CMSG_SPACE(sizeof(int) * count);
		head = CMSG_FIRSTHDR(&message);
		head->cmsg_level = SOL_SOCKET;
		head->cmsg_type = SCM_RIGHTS;
		head->cmsg_len = CMSG_LEN(sizeof(int) * count);
		memcpy(CMSG_DATA(head), fds, sizeof(int) * count);
	}
	(void)setsockopt(socket_fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
	/* Of a monitor that has ended already the answer tells why. */
	if (sendmsg(socket_fd, &message, MSG_NOSIGNAL) < 0 && errno != EPIPE)
		return error_errno(errno, "cannot ask the container's microVM");
	return 0;
}

static int receive(int socket_fd, struct reply *reply)
{
	ssize_t got = recv(socket_fd, reply, sizeof(*reply), 0);

	/* A monitor that ends without reading our request: the kernel tells that first, then its answer. */
	if (got < 0 && errno == ECONNRESET)
		got = recv(socket_fd, reply, sizeof(*reply), 0);
	if (got < (ssize_t)offsetof(struct reply, text) + 1)
		return error_set(EPIPE, "the container's microVM has ended");
	reply->text[(size_t)got - offsetof(struct reply, text) - 1] = '\0';
	return 0;
}

int monitor_answer(int socket_fd, int pidfd, struct buffer *text)
{
	struct pollfd ends[] = { { .fd = socket_fd, .events = POLLIN },
		{ .fd = pidfd, .events = POLLIN } };
	struct reply reply;
	int r = poll(ends, 2, ANSWER_MS);

	if (r < 0)
		return error_errno(errno, "poll");
	if (r == 0)
		return error_set(ETIMEDOUT, "the microVM did not answer within %d seconds",
			ANSWER_MS / 1000);
	r = receive(socket_fd, &reply);
	if (r < 0)
		return r;
	if (!reply.code && text)
		buffer_text(text, reply.text);
	return reply.code ? error_set(EIO, "%s", reply.text) : 0;
}

static void send_size(int socket_fd, int terminal_fd)
{
	struct request request = { .type = REQUEST_RESIZE };
	struct winsize size;

	if (ioctl(terminal_fd, TIOCGWINSZ, &size) < 0)
		return;
	request.terminal = (struct session_terminal){ 1, size.ws_row, size.ws_col, 0 };
	(void)send(socket_fd, &request, sizeof(request), MSG_NOSIGNAL);
}

static void send_signals(int socket_fd, int signal_fd, int terminal_fd)
{
	struct signalfd_siginfo signal;

	while (read(signal_fd, &signal, sizeof(signal)) == sizeof(signal)) {
		struct {
			struct request head;
			int32_t number;
		} request = { { .type = REQUEST_SIGNAL }, (int32_t)signal.ssi_signo };

		if (signal.ssi_signo == SIGWINCH && terminal_fd >= 0)
			send_size(socket_fd, terminal_fd);
		else
			(void)send(socket_fd, &request, sizeof(request), MSG_NOSIGNAL);
	}
}

int monitor_end(int socket_fd, int terminal_fd)
{
	struct pollfd ends[] = { { .fd = socket_fd, .events = POLLIN }, { .events = POLLIN } };
	struct reply reply = { 0 };
	sigset_t all;

	(void)sigfillset(&all);
	ends[1].fd = signalfd(-1, &all, SFD_CLOEXEC | SFD_NONBLOCK);
	/* It may have changed before there was anybody to tell. */
	if (terminal_fd >= 0)
		send_size(socket_fd, terminal_fd);
	while (!reply.exited) {
		if (poll(ends, 2, -1) < 0)
			return 255;
		if (ends[1].revents)
			send_signals(socket_fd, ends[1].fd, terminal_fd);
		if (ends[0].revents && receive(socket_fd, &reply) < 0)
			return 128 + SIGKILL;
	}
	return reply.code;
}

/* ---- terminals -------------------------------------------------------------------------------------- */

int monitor_terminal(const struct process_request *request, struct process_handle *handle)
{
	_cleanup_close_ int master_fd = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	_cleanup_close_ int fd = -EBADF;
	struct termios raw;
	char path[64];
	int r = 0;

	if (master_fd < 0 || grantpt(master_fd) < 0 || unlockpt(master_fd) < 0 ||
		ptsname_r(master_fd, path, sizeof(path)) != 0)
		return error_errno(errno, "a terminal for the microVM");
	fd = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (fd < 0 || tcgetattr(fd, &raw) < 0)
		return error_errno(errno, "%s", path);
	cfmakeraw(&raw);
	(void)tcsetattr(fd, TCSANOW, &raw);
	if (request->process->console_size)
		(void)ioctl(fd, TIOCSWINSZ,
			&(struct winsize){
				.ws_row = (unsigned short)request->process->console_size->height,
				.ws_col = (unsigned short)request->process->console_size->width });
	if (request->console_fd < 0)
		handle->terminal_fd = TAKE_FD(master_fd);
	else
		r = message_send_fd(request->console_fd, master_fd, "/dev/ptmx", 9);
	return r < 0 ? error_errno(r, "cannot send the terminal to the console socket")
		     : TAKE_FD(fd);
}
