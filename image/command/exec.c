/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/process.h"
#include "image/command/commands.h"
#include "image/launch.h"
#include "image/runtime.h"
#include "image/user.h"

struct exec_options {
	struct string_list env;
	const char *folder, *user;
	bool interactive, terminal, detach;
};

#define EXEC_OPTION(member_, type_, name_, letter_, argument_, help_)                              \
	{ name_, letter_, OPTION_##type_, offsetof(struct exec_options, member_), argument_, help_ }

static const struct option options[] = {
	EXEC_OPTION(env, LIST, "env", 'e', "NAME=VALUE", "add to its environment"),
	EXEC_OPTION(folder, TEXT, "pwd", 0, "PATH", "its working folder"),
	EXEC_OPTION(folder, TEXT, "workdir", 'w', "PATH", "the same as --pwd"),
	EXEC_OPTION(user, TEXT, "user", 'u', "USER[:GROUP]", "names of the image, or numbers"),
	EXEC_OPTION(interactive, FLAG, "interactive", 'i', NULL,
		"accepted: standard input is always passed on"),
	EXEC_OPTION(terminal, FLAG, "tty", 't', NULL,
		"a terminal, also where standard input or output is none"),
	EXEC_OPTION(detach, FLAG, "detach", 'd', NULL, "return once the program runs"),
	{ 0 },
};

/* The container's first process, as hull has it; an exit code when hull has said what is wrong. */
static int find_process(const struct invocation *invocation, const char *state_folder, pid_t *pid)
{
	_cleanup_buffer_ struct buffer text = { 0 };
	struct string_list words = { 0 };
	const struct json *member;
	struct json *root;
	int64_t number;
	int r;

	runtime_words(invocation->arena, invocation->global, state_folder, &words);
	string_list_add(invocation->arena, &words, "state");
	string_list_add(invocation->arena, &words, invocation->operands[0]);
	r = runtime_run(&words, &text);
	if (r > 0)
		return LAUNCH_FAILED;
	if (r >= 0)
		r = json_parse(
			invocation->arena, "state", text.data ? text.data : "", text.length, &root);
	if (r < 0)
		return r;
	member = json_get(root, "pid");
	if (!member || json_integer(member, &number) < 0 || number <= 0)
		return error_set(ESRCH, "%s does not run", invocation->operands[0]);
	*pid = (pid_t)number;
	return 0;
}

/* A user's containers are in a user namespace of his, which he must be in to enter them. */
static int join_user_namespace(int pidfd, const char *name)
{
	if (geteuid() == 0 || setns(pidfd, CLONE_NEWUSER) >= 0)
		return 0;
	return error_errno(errno, "cannot enter the user namespace of %s", name);
}

static int add_user(struct arena *arena, pid_t pid, const char *text, struct string_list *words)
{
	char path[32];
	_cleanup_close_ int root_fd = -EBADF;
	struct image_user user;
	int r;

	(void)snprintf(path, sizeof(path), "/proc/%d/root", pid);
	root_fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root_fd < 0)
		return error_errno(errno, "the root folder of the container");
	r = image_user_find(arena, root_fd, text, &user);
	if (r < 0)
		return r;
	string_list_add(arena, words, "--user");
	string_list_add(arena, words, arena_format(arena, "%u:%u", user.uid, user.gid));
	for (size_t i = 0; i < user.group_count; i++) {
		string_list_add(arena, words, "--additional-gids");
		string_list_add(arena, words, arena_format(arena, "%u", user.groups[i]));
	}
	string_list_add(arena, words, "--env");
	string_list_add(arena, words, arena_format(arena, "HOME=%s", user.home));
	return 0;
}

static int add_options(const struct invocation *invocation, pid_t pid, struct string_list *words)
{
	const struct exec_options *wanted = invocation->options;
	struct arena *arena = invocation->arena;
	int r = wanted->user ? add_user(arena, pid, wanted->user, words) : 0;

	if (r < 0)
		return r;
	if (wanted->terminal || (isatty(STDIN_FILENO) && isatty(STDOUT_FILENO)))
		string_list_add(arena, words, "--tty");
	if (wanted->detach)
		string_list_add(arena, words, "--detach");
	if (wanted->folder) {
		string_list_add(arena, words, "--cwd");
		string_list_add(arena, words, wanted->folder);
	}
	for (size_t i = 0; i < wanted->env.count; i++) {
		string_list_add(arena, words, "--env");
		string_list_add(arena, words, wanted->env.items[i]);
	}
	return 0;
}

static int exec_run(const struct invocation *invocation)
{
	const struct exec_options *wanted = invocation->options;
	struct arena *arena = invocation->arena;
	const char *state_folder = runtime_state_folder(arena, invocation->global);
	struct string_list words = { 0 };
	_cleanup_close_ int pidfd = -EBADF;
	pid_t pid = 0;
	int r = state_folder ? 0 : -EACCES;

	if (r >= 0 && (wanted->user || geteuid() != 0)) {
		r = find_process(invocation, state_folder, &pid);
		if (r != 0)
			return r;
		pidfd = process_open(pid);
		r = pidfd < 0 ? error_errno(pidfd, "%s", invocation->operands[0])
			      : join_user_namespace(pidfd, invocation->operands[0]);
	}
	if (r < 0)
		return r;
	runtime_words(arena, invocation->global, state_folder, &words);
	string_list_add(arena, &words, "exec");
	string_list_add(arena, &words, "--engine-codes");
	r = add_options(invocation, pid, &words);
	for (int i = 0; i < invocation->operand_count; i++)
		if (i != 1 || strcmp(invocation->operands[i], "--") != 0)
			string_list_add(arena, &words, invocation->operands[i]);
	return r < 0 ? r : runtime_execute(&words);
}

const struct command command_exec = {
	.name = "exec",
	.synopsis = "[OPTIONS] NAME COMMAND [ARGUMENTS]",
	.of_status = "running",
	.summary = "run a further program in a running container",
	.options = options,
	.options_bytes = sizeof(struct exec_options),
	.operands_least = 2,
	.operands_most = -1,
	.in_order = true,
	.run = exec_run,
	.failure_code = LAUNCH_FAILED,
	.usage_code = LAUNCH_FAILED,
};
