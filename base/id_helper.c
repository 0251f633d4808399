/* SPDX-License-Identifier: Apache-2.0 */
#include "base/id_helper.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/process.h"

#define MESSAGE_BYTES_MOST 1024
#define CODE_MISSING	   127
#define CODE_BROKEN	   126

static char **helper_arguments(struct arena *arena, const char *program, pid_t pid,
	const struct id_mapping *mappings, size_t count)
{
	char **words = arena_allocate(arena, (3 + 3 * count) * sizeof(*words));
	char **word = words;

	*word++ = arena_format(arena, "%s", program);
	*word++ = arena_format(arena, "%d", pid);
	for (size_t i = 0; i < count; i++) {
		const struct id_mapping *mapping = &mappings[i];

		*word++ = arena_format(arena, "%llu", (unsigned long long)mapping->container_id);
		*word++ = arena_format(arena, "%llu", (unsigned long long)mapping->host_id);
		*word++ = arena_format(arena, "%llu", (unsigned long long)mapping->size);
	}
	return words;
}

static __attribute__((noreturn)) void helper_execute(char **words, int output_fd)
{
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal_reset_all();
	if (file_move(output_fd, STDERR_FILENO, false) < 0 || process_seal_descriptors(3) < 0)
		_exit(CODE_BROKEN);
	(void)execvp(words[0], words);
	_exit(errno == ENOENT ? CODE_MISSING : CODE_BROKEN);
}

/* Its words, on one line, begin with its name already. */
static int helper_judge(const char *program, int status, const struct buffer *message)
{
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	if (WIFEXITED(status) && WEXITSTATUS(status) == CODE_MISSING && !message->length)
		return error_set(ENOPKG,
			"%s is not in PATH: an ordinary user needs it to map more than his own "
			"id (Debian has it in the package uidmap)",
			program);
	if (!message->length)
		return error_set(
			EPERM, "%s failed with code %d", program, process_exit_code(status));
	for (char *c = message->data; *c; c++)
		if (*c == '\n')
			*c = c[1] ? ' ' : '\0';
	return error_set(EPERM, "%s", message->data);
}

int id_helper_run(const char *program, pid_t pid, const struct id_mapping *mappings, size_t count)
{
	_cleanup_arena_ struct arena arena = { 0 };
	_cleanup_buffer_ struct buffer message = { 0 };
	_cleanup_close_ int out = -EBADF, in = -EBADF;
	char **words = helper_arguments(&arena, program, pid, mappings, count);
	int ends[2], status;
	pid_t helper;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return error_errno(errno, "pipe");
	out = ends[0];
	in = ends[1];
	helper = process_clone(0, -1, NULL);
	if (helper == 0)
		helper_execute(words, in);
	if (helper < 0)
		return error_errno(helper, "cannot make a process for %s", program);
	file_close(&in);
	/* More than that is not read, and then fails in the helper. */
	(void)file_read_fd(out, &message, MESSAGE_BYTES_MOST);
	file_close(&out);
	status = process_wait(helper);
	return status < 0 ? error_errno(status, "%s", program)
			  : helper_judge(program, status, &message);
}
