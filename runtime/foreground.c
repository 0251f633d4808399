/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/foreground.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/process.h"
#include "runtime/notify.h"

#define RELAY_BYTES 65536

int foreground_begin(struct foreground *foreground)
{
	sigset_t all;

	(void)sigfillset(&all);
	/* Faults of our own must still end us. */
	(void)sigdelset(&all, SIGSEGV);
	(void)sigdelset(&all, SIGBUS);
	(void)sigdelset(&all, SIGILL);
	(void)sigdelset(&all, SIGFPE);
	(void)sigdelset(&all, SIGABRT);
	if (sigprocmask(SIG_SETMASK, &all, NULL) < 0)
		return error_errno(errno, "sigprocmask");
	foreground->signal_fd = signalfd(-1, &all, SFD_CLOEXEC | SFD_NONBLOCK);
	return foreground->signal_fd < 0 ? error_errno(errno, "signalfd") : 0;
}

static void foreground_resize(const struct process_handle *handle)
{
	struct winsize size;

	if (handle->terminal_fd >= 0 && ioctl(STDIN_FILENO, TIOCGWINSZ, &size) == 0)
		(void)ioctl(handle->terminal_fd, TIOCSWINSZ, &size);
}

static void foreground_take_signals(
	const struct foreground *foreground, const struct process_handle *handle)
{
	struct signalfd_siginfo signal;

	while (read(foreground->signal_fd, &signal, sizeof(signal)) == sizeof(signal)) {
		int number = (int)signal.ssi_signo;

		if (number == SIGWINCH)
			foreground_resize(handle);
		else if (number != SIGCHLD && number != SIGPIPE && number != SIGURG)
			(void)process_signal(handle->pidfd, number);
	}
}

/* What is typed must reach the container as bytes, also ^C. */
static bool terminal_make_raw(struct termios *before)
{
	struct termios raw;

	if (tcgetattr(STDIN_FILENO, before) < 0)
		return false;
	raw = *before;
	raw.c_iflag &=
		~(tcflag_t)(IGNBRK | BRKINT | PARMRK | ISTRIP | INLCR | IGNCR | ICRNL | IXON);
	raw.c_oflag &= ~(tcflag_t)OPOST;
	raw.c_lflag &= ~(tcflag_t)(ECHO | ECHONL | ICANON | ISIG | IEXTEN);
	raw.c_cflag &= ~(tcflag_t)(CSIZE | PARENB);
	raw.c_cflag |= CS8;
	return tcsetattr(STDIN_FILENO, TCSANOW, &raw) == 0;
}

/* Pass on what is there; false at the end of FROM. */
static bool relay(int from, int to)
{
	char bytes[RELAY_BYTES];
	ssize_t n = read(from, bytes, sizeof(bytes));

	if (n < 0)
		return errno == EINTR || errno == EAGAIN;
	return n > 0 && file_write_all(to, bytes, (size_t)n) >= 0;
}

/* The last words of the process, which has ended: until nothing comes any more. */
static void relay_rest(int terminal_fd)
{
	struct pollfd more = { .fd = terminal_fd, .events = POLLIN };

	while (poll(&more, 1, 0) > 0 && more.revents & POLLIN)
		if (!relay(terminal_fd, STDOUT_FILENO))
			break;
}

enum { POLL_PROCESS, POLL_SIGNALS, POLL_TERMINAL, POLL_INPUT, POLL_NOTIFY, POLLS };

static void foreground_loop(
	const struct foreground *foreground, const struct process_handle *handle)
{
	struct pollfd polls[POLLS] = {
		[POLL_PROCESS] = { .fd = handle->pidfd, .events = POLLIN },
		[POLL_SIGNALS] = { .fd = foreground->signal_fd, .events = POLLIN },
		[POLL_TERMINAL] = { .fd = handle->terminal_fd, .events = POLLIN },
		[POLL_INPUT] = { .fd = handle->terminal_fd >= 0 ? STDIN_FILENO : -1,
			.events = POLLIN },
		[POLL_NOTIFY] = { .fd = foreground->notify_fd, .events = POLLIN },
	};

	while (!polls[POLL_PROCESS].revents) {
		if (poll(polls, POLLS, -1) < 0 && errno != EINTR)
			return;
		if (polls[POLL_SIGNALS].revents)
			foreground_take_signals(foreground, handle);
		if (polls[POLL_NOTIFY].revents)
			notify_pass_on(foreground->notify_fd);
		if (polls[POLL_TERMINAL].revents && !relay(handle->terminal_fd, STDOUT_FILENO))
			polls[POLL_TERMINAL].fd = -1;
		if (polls[POLL_INPUT].revents && !relay(STDIN_FILENO, handle->terminal_fd))
			polls[POLL_INPUT].fd = -1;
	}
}

int foreground_wait(struct foreground *foreground, const struct process_handle *handle)
{
	struct termios before;
	bool raw = handle->terminal_fd >= 0 && terminal_make_raw(&before);
	int status;

	if (raw)
		foreground_resize(handle);
	foreground_loop(foreground, handle);
	if (handle->terminal_fd >= 0)
		relay_rest(handle->terminal_fd);
	if (raw)
		(void)tcsetattr(STDIN_FILENO, TCSANOW, &before);
	notify_pass_on(foreground->notify_fd);
	status = process_wait(handle->pid);
	file_close(&foreground->signal_fd);
	return status < 0 ? error_errno(status, "cannot wait for the container's process")
			  : process_exit_code(status);
}
