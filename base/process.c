/* SPDX-License-Identifier: Apache-2.0 */
#include "base/process.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/sched.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/file.h"
#include "base/memory.h"

extern char **environ;

pid_t process_clone(uint64_t flags, int cgroup_fd, int *pidfd)
{
	struct clone_args arguments = {
		.flags = flags | CLONE_CLEAR_SIGHAND,
		.exit_signal = flags & CLONE_PARENT ? 0 : SIGCHLD,
	};
	long pid;

	if (pidfd) {
		arguments.flags |= CLONE_PIDFD;
		arguments.pidfd = (uint64_t)(uintptr_t)pidfd;
	}
	if (cgroup_fd >= 0) {
		arguments.flags |= CLONE_INTO_CGROUP;
		arguments.cgroup = (uint64_t)cgroup_fd;
	}
	pid = syscall(SYS_clone3, &arguments, sizeof(arguments));
	return pid < 0 ? -errno : (pid_t)pid;
}

int process_open(pid_t pid)
{
	int fd = (int)syscall(SYS_pidfd_open, pid, 0);

	return fd < 0 ? -errno : fd;
}

int process_signal(int pidfd, int signal)
{
	return syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0) < 0 ? -errno : 0;
}

int process_wait(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, __WALL) < 0)
		if (errno != EINTR)
			return -errno;
	return status;
}

bool process_wait_fd(int pidfd, int milliseconds)
{
	struct pollfd end = { .fd = pidfd, .events = POLLIN };

	return poll(&end, 1, milliseconds) > 0;
}

int process_exit_code(int status)
{
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* Fields 3 (state) and 22 (start time) of proc(5) stat; the name before them may hold anything. */
static int process_stat(pid_t pid, char *state, uint64_t *ticks)
{
	_cleanup_buffer_ struct buffer text = { 0 };
	char path[40];
	const char *at;
	int r;

	(void)snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	r = file_read_at(AT_FDCWD, path, &text, 4096);
	if (r < 0 || !text.data)
		return -ESRCH;
	at = strrchr(text.data, ')');
	if (!at || sscanf(at, ") %c", state) != 1)
		return -ESRCH;
	for (int field = 2; field < 22 && at; field++)
		at = strchr(at + 1, ' ');
	if (!at)
		return -ESRCH;
	*ticks = strtoull(at + 1, NULL, 10);
	return 0;
}

int process_start_time(pid_t pid, uint64_t *ticks)
{
	char state;

	return process_stat(pid, &state, ticks);
}

bool process_runs(pid_t pid, uint64_t start_ticks)
{
	uint64_t ticks;
	char state;

	if (pid <= 0 || process_stat(pid, &state, &ticks) < 0)
		return false;
	return ticks == start_ticks && state != 'Z' && state != 'X';
}

void process_hide(void)
{
	(void)prctl(PR_SET_DUMPABLE, 0);
	for (char **variable = environ; *variable; variable++)
		memset(*variable, 0, strlen(*variable));
}

int process_seal_descriptors(unsigned int first)
{
	return syscall(SYS_close_range, first, ~0u, CLOSE_RANGE_CLOEXEC) < 0 ? -errno : 0;
}

void process_close_others(unsigned int first, const int *kept, size_t count)
{
	for (;;) {
		unsigned int next = ~0u;

		for (size_t i = 0; i < count; i++)
			if (kept[i] >= 0 && (unsigned int)kept[i] >= first &&
				(unsigned int)kept[i] < next)
				next = (unsigned int)kept[i];
		if (next == ~0u)
			break;
		if (next > first)
			(void)syscall(SYS_close_range, first, next - 1, 0);
		first = next + 1;
	}
	(void)syscall(SYS_close_range, first, ~0u, 0);
}

bool process_is_rootless(void)
{
	static const char whole[] = "         0          0 4294967295\n";
	_cleanup_buffer_ struct buffer map = { 0 };

	if (geteuid() != 0)
		return true;
	return file_read_at(AT_FDCWD, "/proc/self/uid_map", &map, 4096) >= 0 && map.data &&
	       strcmp(map.data, whole) != 0;
}

void signal_reset_all(void)
{
	/* The kernel's struct sigaction, all 0: SIG_DFL, no flags. */
	static const unsigned long standard[4];
	sigset_t none;

	/*
	 * CLONE_CLEAR_SIGHAND clears handlers; what the caller ignored is still ignored. By
	 * number, because C libraries keep 32 to 34 for themselves.
	 */
	for (int number = 1; number <= 64; number++)
		if (number != SIGKILL && number != SIGSTOP)
			(void)syscall(SYS_rt_sigaction, number, standard, NULL, 8);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

static int signal_parse_number(const char *text)
{
	size_t digits = strspn(text, "0123456789");
	long number = strtol(text, NULL, 10);

	if (!digits || digits > 3 || text[digits] || number > SIGRTMAX)
		return -EINVAL;
	return (int)number;
}

static int signal_parse_realtime(const char *text)
{
	bool least = !strncmp(text, "RTMIN", 5), most = !strncmp(text, "RTMAX", 5);
	int offset;

	if ((!least && !most) || (text[5] && text[5] != (least ? '+' : '-')))
		return -EINVAL;
	offset = text[5] ? signal_parse_number(text + 6) : 0;
	if (offset < 0 || offset > SIGRTMAX - SIGRTMIN)
		return -EINVAL;
	return least ? SIGRTMIN + offset : SIGRTMAX - offset;
}

/* signal(7); musl has no function for the names. */
static const struct {
	const char *name;
	int number;
} signals[] = {
	{ "ABRT", SIGABRT },
	{ "ALRM", SIGALRM },
	{ "BUS", SIGBUS },
	{ "CHLD", SIGCHLD },
	{ "CLD", SIGCHLD },
	{ "CONT", SIGCONT },
	{ "FPE", SIGFPE },
	{ "HUP", SIGHUP },
	{ "ILL", SIGILL },
	{ "INT", SIGINT },
	{ "IO", SIGIO },
	{ "IOT", SIGIOT },
	{ "KILL", SIGKILL },
	{ "PIPE", SIGPIPE },
	{ "POLL", SIGPOLL },
	{ "PROF", SIGPROF },
	{ "PWR", SIGPWR },
	{ "QUIT", SIGQUIT },
	{ "SEGV", SIGSEGV },
	{ "STKFLT", SIGSTKFLT },
	{ "STOP", SIGSTOP },
	{ "SYS", SIGSYS },
	{ "TERM", SIGTERM },
	{ "TRAP", SIGTRAP },
	{ "TSTP", SIGTSTP },
	{ "TTIN", SIGTTIN },
	{ "TTOU", SIGTTOU },
	{ "URG", SIGURG },
	{ "USR1", SIGUSR1 },
	{ "USR2", SIGUSR2 },
	{ "VTALRM", SIGVTALRM },
	{ "WINCH", SIGWINCH },
	{ "XCPU", SIGXCPU },
	{ "XFSZ", SIGXFSZ },
};

const char *signal_name(size_t index)
{
	return index < sizeof(signals) / sizeof(signals[0]) ? signals[index].name : NULL;
}

int signal_parse(const char *text)
{
	char upper[32];
	const char *name = upper;
	size_t length = strlen(text);

	if (length >= sizeof(upper))
		return -EINVAL;
	for (size_t i = 0; i <= length; i++)
		upper[i] = (char)(text[i] >= 'a' && text[i] <= 'z' ? text[i] - 32 : text[i]);
	if (upper[0] >= '0' && upper[0] <= '9')
		return signal_parse_number(upper);
	if (!strncmp(name, "SIG", 3))
		name += 3;
	if (!strncmp(name, "RTM", 3))
		return signal_parse_realtime(name);
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		if (!strcmp(signals[i].name, name))
			return signals[i].number;
	return -EINVAL;
}

bool pid_list_has(const struct pid_list *list, pid_t pid)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->items[i] == pid)
			return true;
	return false;
}

void pid_list_add(struct pid_list *list, pid_t pid)
{
	list->items = memory_resize(list->items, (list->count + 1) * sizeof(*list->items));
	list->items[list->count++] = pid;
}
