/* SPDX-License-Identifier: Apache-2.0 */
#include "ns/hook.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "base/process.h"
#include "spec/annotation.h"

#define OUTPUT_BYTES_MOST 512

/* Files in memory, not pipes: neither side ever waits for the other. */
static int hook_file(const void *bytes, size_t length)
{
	_cleanup_close_ int fd = memfd_create("hook", MFD_CLOEXEC);
	int r;

	if (fd < 0)
		return -errno;
	r = file_write_all(fd, bytes, length);
	if (r < 0)
		return r;
	if (lseek(fd, 0, SEEK_SET) < 0)
		return -errno;
	return TAKE_FD(fd);
}

/* What all hooks of one kind get. */
struct hook_setting {
	struct buffer state;	 /* on their standard input */
	int output_fd, error_fd; /* files of the annotations; -1: quoted when the hook fails */
	const struct seccomp_program *filter; /* NULL: none */
	char *const *environment;	      /* of hooks that have none of their own */
};

static __attribute__((noreturn)) void hook_execute(const struct config_hook *hook,
	const struct hook_setting *setting, int input_fd, int output_fd, int error_fd)
{
	const char *const alone[] = { hook->path, NULL };

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal_reset_all();
	if (file_move(input_fd, 0, false) < 0 || file_move(output_fd, 1, false) < 0 ||
		file_move(error_fd, 2, false) < 0 || process_seal_descriptors(3) < 0)
		_exit(126);
	if (setting->filter && seccomp_install(setting->filter, -1) < 0) {
		(void)dprintf(2, "%s", error_text(-EINVAL));
		_exit(126);
	}
	(void)execve(hook->path, (char **)(hook->args.count ? hook->args.items : alone),
		hook->env.items ? (char **)hook->env.items : setting->environment);
	(void)dprintf(2, "cannot be executed: %s", error_words(errno));
	_exit(127);
}

static void hook_read_output(int fd, struct buffer *output)
{
	char text[OUTPUT_BYTES_MOST];
	ssize_t n = pread(fd, text, sizeof(text), 0);

	buffer_bytes(output, text, n > 0 ? (size_t)n : 0);
	while (output->length && output->data[output->length - 1] == '\n')
		output->data[--output->length] = '\0';
}

static int hook_judge(const struct config_hook *hook, int status, int output_fd)
{
	_cleanup_buffer_ struct buffer output = { 0 };

	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	hook_read_output(output_fd, &output);
	if (WIFSIGNALED(status)) {
		const char *name = strsignal(WTERMSIG(status));

		/* "bad system call", as in the middle of a sentence. */
		return error_set(EIO, "%s: ended by signal %d (%c%s)%s%s", hook->path,
			WTERMSIG(status), tolower((unsigned char)name[0]), name + 1,
			output.length ? ": " : "", output.data);
	}
	return error_set(EIO, "%s: exit code %d%s%s", hook->path, WEXITSTATUS(status),
		output.length ? ": " : "", output.data);
}

static int hook_milliseconds(const struct config_hook *hook)
{
	if (!hook->timeout.set)
		return -1;
	/* More than 24 days are as good as 24 days. */
	return hook->timeout.value > INT_MAX / 1000 ? INT_MAX : (int)hook->timeout.value * 1000;
}

static int hook_run(const struct config_hook *hook, const struct hook_setting *setting)
{
	_cleanup_close_ int input = hook_file(setting->state.data, setting->state.length);
	_cleanup_close_ int output = hook_file("", 0), pidfd = -EBADF;
	int status, milliseconds = hook_milliseconds(hook);
	bool timely;
	pid_t pid;

	if (input < 0 || output < 0)
		return error_errno(input < 0 ? input : output, "%s", hook->path);
	pid = process_clone(0, -1, &pidfd);
	if (pid < 0)
		return error_errno(pid, "%s: cannot start", hook->path);
	if (pid == 0)
		hook_execute(hook, setting, input,
			setting->output_fd < 0 ? output : setting->output_fd,
			setting->error_fd < 0 ? output : setting->error_fd);
	timely = process_wait_fd(pidfd, milliseconds);
	if (!timely)
		(void)process_signal(pidfd, SIGKILL);
	status = process_wait(pid);
	if (!timely)
		return error_set(ETIMEDOUT, "%s: did not end within %d seconds", hook->path,
			(int)hook->timeout.value);
	if (status < 0)
		return error_errno(status, "%s", hook->path);
	return hook_judge(hook, status, output);
}

/* Of members with one key the last counts. */
static const char *hook_annotation(const struct container_state *state, const char *key)
{
	const struct string_map *map = state->annotations;

	for (size_t i = map ? map->count : 0; i-- > 0;)
		if (!strcmp(map->items[i].key, key))
			return map->items[i].value;
	return NULL;
}

static int hook_open_file(const struct container_state *state, const char *key, int *fd)
{
	const char *path = hook_annotation(state, key);

	if (!path)
		return 0;
	*fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_NOCTTY | O_CLOEXEC, 0644);
	return *fd < 0 ? error_errno(errno, "annotations[\"%s\"]: %s", key, path) : 0;
}

static void hook_setting_close(struct hook_setting *setting)
{
	buffer_free(&setting->state);
	file_close(&setting->output_fd);
	file_close(&setting->error_fd);
}

static int hook_setting_open(
	struct hook_setting *setting, const char *kind, const struct container_state *state)
{
	struct json_writer writer = { .buffer = &setting->state };
	int r;

	json_begin_object(&writer, NULL);
	state_write(state, &writer);
	json_end_object(&writer);
	/* Those run inside: a path of the host means nothing there. */
	if (!strcmp(kind, "startContainer"))
		return 0;
	r = hook_open_file(state, ANNOTATION_HOOKS_STDOUT, &setting->output_fd);
	return r < 0 ? r : hook_open_file(state, ANNOTATION_HOOKS_STDERR, &setting->error_fd);
}

static int hook_run_one(const struct config_hook_list *hooks, size_t index, const char *kind,
	const struct hook_setting *setting)
{
	int r = hook_run(&hooks->items[index], setting);

	return r < 0 ? error_context(r, "error running %s hook #%zu", kind, index) : 0;
}

int hook_run_confined(const struct config_hook_list *hooks, const char *kind,
	const struct container_state *state, const struct seccomp_program *filter,
	char *const *environment)
{
	struct hook_setting setting = { .output_fd = -EBADF,
		.error_fd = -EBADF,
		.filter = filter,
		.environment = environment };
	int r;

	if (!hooks->count)
		return 0;
	r = hook_setting_open(&setting, kind, state);
	for (size_t i = 0; r >= 0 && i < hooks->count; i++)
		r = hook_run_one(hooks, i, kind, &setting);
	hook_setting_close(&setting);
	return r;
}

int hook_run_all(
	const struct config_hook_list *hooks, const char *kind, const struct container_state *state)
{
	return hook_run_confined(hooks, kind, state, NULL, environ);
}

void hook_try_all(
	const struct config_hook_list *hooks, const char *kind, const struct container_state *state)
{
	struct hook_setting setting = {
		.output_fd = -EBADF, .error_fd = -EBADF, .environment = environ
	};

	if (!hooks->count)
		return;
	if (hook_setting_open(&setting, kind, state) < 0)
		log_warning("%s", error_text(-EIO));
	for (size_t i = 0; i < hooks->count; i++) {
		int r = hook_run_one(hooks, i, kind, &setting);

		if (r < 0)
			log_warning("%s", error_text(r));
	}
	hook_setting_close(&setting);
	error_clear();
}
