/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/process.h"
#include "runtime/isolation.h"

struct ps_options {
	const char *format;
};

static const struct option options[] = {
	{ "format", 'f', OPTION_TEXT, offsetof(struct ps_options, format), "FORMAT",
		"table (default) or json", "table json" },
	{ 0 },
};

static void ps_print_json(const pid_t *pids, size_t count)
{
	_cleanup_buffer_ struct buffer text = { 0 };
	struct json_writer writer = { .buffer = &text };

	json_begin_array(&writer, NULL);
	for (size_t i = 0; i < count; i++)
		json_write_integer(&writer, NULL, pids[i]);
	json_end_array(&writer);
	puts(text.data);
}

/* What ps(1) prints with these words. */
static int ps_ask(char **words, int count, struct buffer *text)
{
	_cleanup_close_ int out = -EBADF, in = -EBADF;
	char *standard[] = { "ps", "-ef", NULL };
	char **arguments = standard;
	int ends[2], r, status;
	pid_t pid;

	if (count > 0) {
		arguments = memory_allocate((size_t)(count + 2) * sizeof(*arguments));
		arguments[0] = "ps";
		memcpy(arguments + 1, words, (size_t)count * sizeof(*arguments));
		arguments[count + 1] = NULL;
	}
	if (pipe2(ends, O_CLOEXEC) < 0)
		return error_errno(errno, "pipe");
	out = ends[0];
	in = ends[1];
	pid = process_clone(0, -1, NULL);
	if (pid == 0) {
		if (file_move(in, STDOUT_FILENO, false) >= 0)
			(void)execvp("ps", arguments);
		_exit(127);
	}
	if (arguments != standard)
		free(arguments);
	file_close(&in);
	r = pid < 0 ? pid : file_read_fd(out, text, 64u << 20);
	status = pid < 0 ? -1 : process_wait(pid);
	if (r < 0 || status != 0)
		return error_set(EIO, "cannot run ps(1); --format json does without it");
	return 0;
}

static bool ps_has(const pid_t *pids, size_t count, pid_t pid)
{
	for (size_t i = 0; i < count; i++)
		if (pids[i] == pid)
			return true;
	return false;
}

/* The position of the PID column in ps(1)'s header; -1 when there is none. */
static int ps_pid_column(char *header)
{
	char *rest = NULL;
	int column = 0;

	for (char *word = strtok_r(header, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
		if (!strcmp(word, "PID"))
			return column;
		column++;
	}
	return -1;
}

static pid_t ps_pid_of_line(const char *line, int column)
{
	for (; column > 0; column--) {
		line += strspn(line, " ");
		line += strcspn(line, " ");
	}
	return (pid_t)strtol(line, NULL, 10);
}

static int ps_print_table(const struct invocation *invocation, const struct container *container,
	const pid_t *pids, size_t count)
{
	const struct isolation *isolation = isolation_of(container);
	_cleanup_buffer_ struct buffer text = { 0 };
	char *rest = NULL, *line;
	char **words = invocation->operands + 1;
	int word_count = invocation->operand_count - 1, column, r;

	/* "ps ID -- -ef" */
	if (word_count && !strcmp(words[0], "--")) {
		words++;
		word_count--;
	}
	if (isolation->table) {
		r = isolation->table(container, words, word_count, &text);
		if (r >= 0)
			puts(text.data);
		return r;
	}
	r = ps_ask(words, word_count, &text);
	if (r < 0)
		return r;
	line = strtok_r(text.data ? text.data : (char[1]){ 0 }, "\n", &rest);
	if (!line)
		return error_set(EIO, "ps(1) printed nothing");
	puts(line);
	column = ps_pid_column(line);
	if (column < 0)
		return error_set(EINVAL, "ps(1) printed no PID column");
	while ((line = strtok_r(NULL, "\n", &rest)))
		if (ps_has(pids, count, ps_pid_of_line(line, column)))
			puts(line);
	return 0;
}

static int ps_run(const struct invocation *invocation)
{
	const struct ps_options *wanted = invocation->options;
	const char *format = wanted->format ? wanted->format : "table";
	_cleanup_container_ struct container container = CONTAINER_NONE;
	_cleanup_free_ pid_t *pids = NULL;
	size_t count = 0;
	int root_fd, r;

	if (strcmp(format, "json") != 0 && strcmp(format, "table") != 0)
		return error_set(EINVAL, "--format: must be table or json, got \"%s\"", format);
	root_fd = container_root_open(invocation->global);
	if (root_fd < 0)
		return root_fd;
	r = container_open(&container, root_fd, invocation->operands[0], CONTAINER_UNLOCKED);
	if (r >= 0 && container.record.pid)
		r = isolation_of(&container)->processes(&container, &pids, &count);
	if (r < 0)
		return r;
	if (!strcmp(format, "json")) {
		ps_print_json(pids, count);
		return 0;
	}
	return ps_print_table(invocation, &container, pids, count);
}

const struct command command_ps = {
	.name = "ps",
	.synopsis = "[OPTIONS] ID [PS-OPTIONS]",
	.summary = "print the processes of a container",
	.options = options,
	.options_bytes = sizeof(struct ps_options),
	.operands_least = 1,
	.operands_most = -1,
	.in_order = true,
	.run = ps_run,
	.of_status = "created|running|paused",
};
