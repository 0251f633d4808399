/* SPDX-License-Identifier: Apache-2.0 */
#include "image/network.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/process.h"
#include "base/syscall.h"

#define ANSWER_MOST 4096u

/* What pasta prints that is no reason: it writes to a system log that need not be there. */
#define NOISE "Failed to send "

struct keeper {
	const char *folder;
	char *namespace_path;
	int parent;    /* pidfd of who becomes hull */
	int answer_fd; /* a message for it; its end: pasta works */
};

/* By a process of its own, since who has left a namespace may not always go back into it. */
static __attribute__((noreturn)) void show_namespace(const char *path)
{
	_exit(sys_mount("/proc/self/ns/net", path, NULL, MS_BIND, NULL) < 0 ? errno : 0);
}

static int make_namespace(const struct keeper *keeper)
{
	_cleanup_close_ int place =
		open(keeper->namespace_path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	int status;
	pid_t child;

	if (place < 0)
		return error_errno(errno, "cannot make %s", keeper->namespace_path);
	child = process_clone(CLONE_NEWNET, -1, NULL);
	if (child == 0)
		show_namespace(keeper->namespace_path);
	if (child < 0)
		return error_errno(child, "cannot make a network namespace");
	status = process_wait(child);
	return status == 0 ? 0
			   : error_errno(process_exit_code(status), "cannot mount %s",
				     keeper->namespace_path);
}

static __attribute__((noreturn)) void become_pasta(const struct keeper *keeper, int output_fd)
{
	/* Root stays root until the namespace is open: nobody may not enter it. */
	static const char *const words[] = { "pasta", "--quiet", "--config-net", "--runas", "0",
		"--no-map-gw", "--no-netns-quit", "--dns-forward", NETWORK_NAME_SERVER, "-t",
		"none", "-u", "none", "-T", "none", "-U", "none", "--netns" };
	const char *all[ARRAY_SIZE(words) + 2] = { NULL };

	memcpy(all, words, sizeof(words));
	all[ARRAY_SIZE(words)] = keeper->namespace_path;
	signal_reset_all();
	if (file_move(output_fd, STDERR_FILENO, false) >= 0)
		(void)execvp(all[0], (char *const *)all);
	_exit(127);
}

/* The last line of what it said is why it ended. */
static int refuse(struct buffer *output)
{
	const char *reason = "it ended";
	char *at;

	for (char *line = strtok_r(output->length ? output->data : (char[]){ "" }, "\n", &at); line;
		line = strtok_r(NULL, "\n", &at))
		if (strncmp(line, NOISE, sizeof(NOISE) - 1) != 0)
			reason = line;
	return error_set(EIO, "--network private: pasta: %s", reason);
}

/* Returns when pasta has the network ready and goes on by itself. */
static int start_pasta(const struct keeper *keeper)
{
	_cleanup_buffer_ struct buffer output = { 0 };
	_cleanup_close_ int out = -EBADF, in = -EBADF;
	int ends[2], status;
	pid_t child;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return error_errno(errno, "pipe");
	out = ends[0];
	in = ends[1];
	child = process_clone(0, -1, NULL);
	if (child < 0)
		return error_errno(child, "cannot make a process");
	if (child == 0)
		become_pasta(keeper, in);
	file_close(&in);
	status = process_wait(child);
	if (status == 0)
		return 0;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
		return error_set(ENOENT,
			"--network private: needs pasta (Debian's package passt); there are "
			"\"none\" and \"host\"");
	/* What it left behind holds the pipe, so the end is not waited for. */
	(void)fcntl(out, F_SETFL, O_NONBLOCK);
	(void)file_read_fd(out, &output, ANSWER_MOST);
	return refuse(&output);
}

/* The container may outlive hull. -EBADF: there is none now. */
static int open_container(const struct keeper *keeper)
{
	_cleanup_free_ char *path = string_format("%s/" NETWORK_PID, keeper->folder), *other = NULL;
	struct stat wanted, found;
	long long pid;
	int fd;

	if (file_read_number_at(AT_FDCWD, path, &pid) < 0)
		return -EBADF;
	fd = process_open((pid_t)pid);
	other = string_format("/proc/%lld/ns/net", pid);
	/* A pid may be somebody else's by now. */
	if (fd >= 0 && stat(keeper->namespace_path, &wanted) == 0 && stat(other, &found) == 0 &&
		wanted.st_ino == found.st_ino)
		return fd;
	file_close(&fd);
	return -EBADF;
}

/* pasta is a child of a child that has ended: this process is what it was given to. */
static void end_children(void)
{
	_cleanup_free_ char *path = string_format("/proc/self/task/%d/children", getpid());
	_cleanup_buffer_ struct buffer text = { 0 };
	char *at;

	(void)file_read_at(AT_FDCWD, path, &text, ANSWER_MOST);
	at = text.length ? text.data : "";
	while (*at) {
		char *end;
		long pid = strtol(at, &end, 10);

		if (end == at)
			break;
		(void)kill((pid_t)pid, SIGKILL);
		at = end;
	}
}

static __attribute__((noreturn)) void keep(struct keeper *keeper)
{
	_cleanup_close_ int container = -EBADF;
	int null_fd, r;

	(void)setsid();
	(void)prctl(PR_SET_CHILD_SUBREAPER, 1);
	r = make_namespace(keeper);
	if (r >= 0)
		r = start_pasta(keeper);
	if (r < 0) {
		(void)dprintf(keeper->answer_fd, "%s", error_text(r));
		_exit(1);
	}
	/* Whoever reads what the container writes waits for nothing of ours. */
	null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		(void)dup2(null_fd, fd);
	process_close_others(STDERR_FILENO + 1, &keeper->parent, 1);
	(void)process_wait_fd(keeper->parent, -1);
	container = open_container(keeper);
	if (container >= 0)
		(void)process_wait_fd(container, -1);
	end_children();
	_exit(0);
}

int network_private(const char *folder)
{
	_cleanup_free_ char *path = string_format("%s/" NETWORK_NAMESPACE, folder);
	_cleanup_buffer_ struct buffer answer = { 0 };
	_cleanup_close_ int out = -EBADF, in = -EBADF, self = process_open(getpid());
	struct keeper keeper = { .folder = folder, .namespace_path = path, .parent = self };
	int ends[2];
	pid_t child;

	if (self < 0)
		return error_errno(self, "pidfd_open");
	if (pipe2(ends, O_CLOEXEC) < 0)
		return error_errno(errno, "pipe");
	out = ends[0];
	in = keeper.answer_fd = ends[1];
	child = process_clone(0, -1, NULL);
	if (child < 0)
		return error_errno(child, "cannot make a process");
	/* Not a child of hull's, which may wait for all of its own. */
	if (child == 0) {
		if (process_clone(0, -1, NULL) == 0)
			keep(&keeper);
		_exit(0);
	}
	file_close(&in);
	(void)process_wait(child);
	(void)file_read_fd(out, &answer, ANSWER_MOST);
	return answer.length ? error_set(EIO, "%s", answer.data) : 0;
}
