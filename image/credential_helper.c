/* SPDX-License-Identifier: Apache-2.0 */
#include "image/credential_helper.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/process.h"

#define ANSWER_MOST ((size_t)64 << 10)

extern char **environ;

/* Run it with QUESTION on its stdin; its exit code. */
static int ask(const char *program, const char *question, struct buffer *answer)
{
	char *words[] = { (char *)program, "get", NULL };
	int in[2], out[2], r;
	posix_spawn_file_actions_t actions;
	pid_t pid;

	if (pipe2(in, O_CLOEXEC) < 0)
		return error_errno(errno, "make a pipe");
	if (pipe2(out, O_CLOEXEC) < 0) {
		r = error_errno(errno, "make a pipe");
		(void)close(in[0]);
		(void)close(in[1]);
		return r;
	}
	/* Before anybody could close the other end: a pipe takes that much at once. */
	(void)file_write_all(in[1], question, strlen(question));
	(void)close(in[1]);
	(void)posix_spawn_file_actions_init(&actions);
	(void)posix_spawn_file_actions_adddup2(&actions, in[0], 0);
	(void)posix_spawn_file_actions_adddup2(&actions, out[1], 1);
	r = posix_spawnp(&pid, program, &actions, NULL, words, environ);
	(void)posix_spawn_file_actions_destroy(&actions);
	(void)close(in[0]);
	(void)close(out[1]);
	if (r != 0) {
		(void)close(out[0]);
		return error_errno(r, "%s", program);
	}
	r = file_read_fd(out[0], answer, ANSWER_MOST);
	(void)close(out[0]);
	if (r < 0)
		(void)process_wait(pid);
	return r < 0 ? error_errno(r, "%s", program) : process_exit_code(process_wait(pid));
}

int credential_helper_get(
	struct arena *arena, const char *name, const char *server, struct credential *credential)
{
	char *program = arena_format(arena, "docker-credential-%s", name);
	_cleanup_buffer_ struct buffer answer = { 0 };
	const struct json *user, *secret;
	struct json *root;
	int r;

	if (strchr(name, '/'))
		return error_set(EINVAL, "credential helper \"%s\": must be a name, no path", name);
	r = ask(program, server, &answer);
	if (r < 0)
		return r;
	if (r > 0) {
		/* The protocol has no other word for "none". */
		if (answer.length && strstr(answer.data, "not found"))
			return 0;
		return error_set(
			EIO, "%s: failed: %.200s", program, answer.length ? answer.data : "");
	}
	r = json_parse(arena, program, answer.data, answer.length, &root);
	if (r < 0)
		return r;
	user = root->type == JSON_OBJECT ? json_get(root, "Username") : NULL;
	secret = root->type == JSON_OBJECT ? json_get(root, "Secret") : NULL;
	if (!user || user->type != JSON_STRING || !secret || secret->type != JSON_STRING)
		return error_set(EINVAL, "%s: answered without Username and Secret", program);
	if (!strcmp(user->text, "<token>"))
		credential->identity_token = secret->text;
	else
		credential->user_and_password =
			arena_format(arena, "%s:%s", user->text, secret->text);
	return 0;
}
