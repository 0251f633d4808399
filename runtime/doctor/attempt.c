/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/doctor/attempt.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/process.h"

#define ATTEMPT_MILLISECONDS 5000
#define WORDS_MOST	     4096 /* what a pipe takes without blocking */
#define NOBODY		     65534

struct owner {
	uid_t uid;
	gid_t gid;
};

/* Root inside is the caller outside: the one mapping that everybody may write. */
static int attempt_map(const struct owner *owner)
{
	_cleanup_free_ char *uids = string_format("0 %u 1\n", owner->uid);
	_cleanup_free_ char *gids = string_format("0 %u 1\n", owner->gid);
	int r = file_write_at(AT_FDCWD, "/proc/self/uid_map", uids);

	if (r >= 0)
		r = file_write_at(AT_FDCWD, "/proc/self/setgroups", "deny");
	return r < 0 ? r : file_write_at(AT_FDCWD, "/proc/self/gid_map", gids);
}

static int attempt_in_child(uint64_t flags, const struct owner *owner, attempt_act *act, void *data,
	struct buffer *words)
{
	int r = 0;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (flags & CLONE_NEWUSER)
		r = attempt_map(owner);
	if (r >= 0 && (flags & CLONE_NEWNS) &&
		mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		r = -errno;
	return r < 0 ? r : act(data, words);
}

/* Its exit code is the errno. */
static int attempt_wait(pid_t pid, int pidfd, int milliseconds)
{
	bool ended = process_wait_fd(pidfd, milliseconds);
	int status;

	if (!ended)
		(void)process_signal(pidfd, SIGKILL);
	status = process_wait(pid);
	if (!ended)
		return -ETIMEDOUT;
	return status < 0 || !WIFEXITED(status) ? -EIO : WEXITSTATUS(status);
}

int attempt(uint64_t flags, int cgroup_fd, attempt_act *act, void *data, struct buffer *words)
{
	_cleanup_close_ int out = -EBADF, in = -EBADF, pidfd = -EBADF;
	const struct owner owner = { geteuid(), getegid() };
	int ends[2], r;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0)
		return -errno;
	out = ends[0];
	in = ends[1];
	pid = process_clone(flags, cgroup_fd, &pidfd);
	if (pid == 0) {
		struct buffer said = { 0 };

		r = attempt_in_child(flags, &owner, act, data, &said);
		if (said.length && said.length <= WORDS_MOST)
			(void)file_write_all(in, said.data, said.length);
		_exit(-r & 0xff);
	}
	if (pid < 0)
		return pid;
	r = attempt_wait(pid, pidfd, ATTEMPT_MILLISECONDS);
	file_close(&in);
	if (words)
		(void)file_read_fd(out, words, WORDS_MOST);
	return r > 0 ? -r : r;
}

int attempt_nothing(void *data, struct buffer *words)
{
	(void)data;
	(void)words;
	return 0;
}

uint64_t attempt_user_flag(void)
{
	return geteuid() == 0 ? 0 : CLONE_NEWUSER;
}

int attempt_become_nobody(void)
{
	if (setgroups(0, NULL) < 0 || setresgid(NOBODY, NOBODY, NOBODY) < 0 ||
		setresuid(NOBODY, NOBODY, NOBODY) < 0)
		return -errno;
	/* Else the files of its own in /proc would be root's. */
	return prctl(PR_SET_DUMPABLE, 1) < 0 ? -errno : 0;
}

/* Its output goes to files without a name, which no process can block on. */
static void attempt_execute(char *const *arguments, int output_fd, int error_fd)
{
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (null >= 0 && file_move(null, STDIN_FILENO, false) >= 0 &&
		dup2(output_fd, STDOUT_FILENO) >= 0 && dup2(error_fd, STDERR_FILENO) >= 0) {
		signal_reset_all();
		(void)execv(arguments[0], arguments);
	}
	_exit(127);
}

static void attempt_first_line(int fd, struct buffer *line)
{
	_cleanup_buffer_ struct buffer text = { 0 };

	if (lseek(fd, 0, SEEK_SET) == 0 && file_read_fd(fd, &text, 1u << 20) >= 0 && text.data)
		buffer_bytes(line, text.data, strcspn(text.data, "\n"));
}

int attempt_program(char *const *arguments, int milliseconds, struct buffer *line)
{
	_cleanup_close_ int output_fd = memfd_create("hull-doctor", MFD_CLOEXEC);
	_cleanup_close_ int error_fd = memfd_create("hull-doctor", MFD_CLOEXEC);
	_cleanup_close_ int pidfd = -EBADF;
	pid_t pid;
	int r;

	if (output_fd < 0 || error_fd < 0)
		return -errno;
	pid = process_clone(0, -1, &pidfd);
	if (pid == 0)
		attempt_execute(arguments, output_fd, error_fd);
	if (pid < 0)
		return pid;
	r = attempt_wait(pid, pidfd, milliseconds);
	attempt_first_line(output_fd, line);
	if (!line->length)
		attempt_first_line(error_fd, line);
	return r;
}

char *attempt_find_program(const char *name)
{
	const char *folder = getenv("PATH");
	struct stat st;

	while (folder && *folder) {
		size_t length = strcspn(folder, ":");
		_cleanup_free_ char *path = string_format("%.*s/%s", (int)length, folder, name);

		if (length && stat(path, &st) == 0 && S_ISREG(st.st_mode) &&
			access(path, X_OK) == 0)
			return TAKE_PTR(path);
		folder += length + (folder[length] == ':');
	}
	return NULL;
}
