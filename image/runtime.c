/* SPDX-License-Identifier: Apache-2.0 */
#include "image/runtime.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/process.h"
#include "base/state_folder.h"

#define OUTPUT_BYTES_MOST (16u << 20)

static void add_option(
	struct arena *arena, struct string_list *words, const char *name, const char *value)
{
	if (!value)
		return;
	string_list_add(arena, words, name);
	string_list_add(arena, words, value);
}

/* The program hull in the folder of this one; else the one in PATH. */
static const char *find_runtime(struct arena *arena)
{
	char own[PATH_MAX], *slash;
	ssize_t length = readlink("/proc/self/exe", own, sizeof(own) - 1);
	const char *path;

	if (length <= 0)
		return "hull";
	own[length] = '\0';
	slash = strrchr(own, '/');
	if (!slash)
		return "hull";
	path = arena_format(arena, "%.*s/hull", (int)(slash - own), own);
	return access(path, X_OK) == 0 ? path : "hull";
}

const char *runtime_state_folder(struct arena *arena, const struct global_options *global)
{
	_cleanup_free_ char *path = NULL;

	if (global->root) {
		path = realpath(global->root, NULL);
		/* What is missing will be made. */
		return path ? arena_copy(arena, path, strlen(path)) : global->root;
	}
	path = state_folder_path();
	return path ? arena_copy(arena, path, strlen(path)) : NULL;
}

void runtime_words(struct arena *arena, const struct global_options *global,
	const char *state_folder, struct string_list *words)
{
	const struct front_options *front = &global->front;

	string_list_add(arena, words, find_runtime(arena));
	add_option(arena, words, "--root", state_folder);
	add_option(arena, words, "--log", front->log);
	add_option(arena, words, "--log-format", front->log_format);
	add_option(arena, words, "--log-level", front->debug ? "debug" : front->log_level);
	add_option(arena, words, "--cgroup-manager",
		global->systemd_cgroup ? "systemd" : global->cgroup_manager);
	add_option(arena, words, "--rootless", global->rootless);
}

int runtime_execute(const struct string_list *words)
{
	(void)execvp(words->items[0], (char *const *)words->items);
	return error_errno(errno, "cannot execute %s", words->items[0]);
}

static __attribute__((noreturn)) void become(const struct string_list *words, int output_fd)
{
	signal_reset_all();
	if (output_fd < 0 || file_move(output_fd, STDOUT_FILENO, false) >= 0)
		(void)execvp(words->items[0], (char *const *)words->items);
	_exit(127);
}

int runtime_run(const struct string_list *words, struct buffer *output)
{
	_cleanup_close_ int out = -EBADF, in = -EBADF;
	int ends[2], status;
	pid_t child;

	if (output) {
		if (pipe2(ends, O_CLOEXEC) < 0)
			return error_errno(errno, "pipe");
		out = ends[0];
		in = ends[1];
	}
	child = process_clone(0, -1, NULL);
	if (child == 0)
		become(words, in);
	if (child < 0)
		return error_errno(child, "cannot make a process for %s", words->items[0]);
	file_close(&in);
	if (output)
		(void)file_read_fd(out, output, OUTPUT_BYTES_MOST);
	file_close(&out);
	status = process_wait(child);
	return status < 0 ? error_errno(status, "%s", words->items[0]) : status;
}
