/* SPDX-License-Identifier: Apache-2.0 */
/* login, logout: credentials in the files that Podman and Docker read as well. */
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "image/command.h"
#include "image/command/commands.h"
#include "image/command/registry_options.h"
#include "image/credential.h"

#define PASSWORD_MOST ((size_t)16 << 10)

struct login_options {
	struct registry_options registry;
	const char *user;
	bool password_stdin;
};

static const struct option login_options[] = {
	{ "username", 'u', OPTION_TEXT, offsetof(struct login_options, user), "USER",
		"whom to log in" },
	{ "password-stdin", 0, OPTION_FLAG, offsetof(struct login_options, password_stdin), NULL,
		"read the password from stdin (without a terminal always)" },
	REGISTRY_OPTION_ROWS(struct login_options, registry),
	{ 0 },
};

static const struct option logout_options[] = {
	{ "authfile", 0, OPTION_TEXT, offsetof(struct login_options, registry.authfile), "FILE",
		"credentials (default: Podman's auth.json)" },
	{ 0 },
};

/* A line of the terminal without showing it, or all of stdin up to its first line's end. */
static int read_password(const char *host, struct buffer *password)
{
	bool terminal = isatty(STDIN_FILENO);
	struct termios shown, hidden;
	char byte;
	ssize_t n;

	if (terminal && tcgetattr(STDIN_FILENO, &shown) == 0) {
		hidden = shown;
		hidden.c_lflag &= ~(tcflag_t)ECHO;
		(void)fprintf(stderr, "Password for %s: ", host);
		(void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden);
	}
	while ((n = read(STDIN_FILENO, &byte, 1)) == 1 && byte != '\n' && byte &&
		password->length < PASSWORD_MOST)
		buffer_bytes(password, &byte, 1);
	if (terminal) {
		(void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &shown);
		(void)fprintf(stderr, "\n");
	}
	return n < 0 || password->length == 0 ? error_set(EINVAL, "no password was given") : 0;
}

static int check(const struct registry_settings *settings, struct arena *arena, const char *host)
{
	_cleanup_registry_ struct registry *registry = NULL;
	const struct reference reference = {
		.host = host,
		.repository = "library",
		.text = arena_format(arena, "%s/library", host),
	};
	int r = registry_open(settings, &reference, REGISTRY_PULL, &registry);

	return r < 0 ? r : registry_check_login(registry);
}

static int run_login(const struct invocation *invocation)
{
	const struct login_options *given = invocation->options;
	_cleanup_buffer_ struct buffer password = { 0 };
	const char *host = invocation->operands[0], *path;
	struct registry_settings settings;
	int r = registry_options_read(&given->registry, &settings);

	if (r < 0)
		return r;
	if (strchr(host, '/'))
		return error_set(EINVAL, "login: \"%s\": must be a host, such as ghcr.io", host);
	if (!settings.credentials) {
		if (!given->user)
			return error_set(EINVAL, "login: who? (--username USER)");
		r = read_password(host, &password);
		if (r < 0)
			return r;
		settings.credentials =
			arena_format(invocation->arena, "%s:%s", given->user, password.data);
	}
	r = check(&settings, invocation->arena, host);
	if (r >= 0)
		r = credential_keep(invocation->arena, given->registry.authfile, host,
			settings.credentials, &path);
	if (r < 0)
		return r;
	printf("Logged in; the password is in %s\n", path);
	return 0;
}

static int run_logout(const struct invocation *invocation)
{
	const struct login_options *given = invocation->options;
	const char *path;
	int r = credential_keep(
		invocation->arena, given->registry.authfile, invocation->operands[0], NULL, &path);

	if (r < 0)
		return r;
	printf("Logged out of %s (%s)\n", invocation->operands[0], path);
	return 0;
}

const struct command command_login = {
	.name = "login",
	.synopsis = "[OPTIONS] HOST",
	.summary = "keep user and password of a registry",
	.options = login_options,
	.options_bytes = sizeof(struct login_options),
	.operands_least = 1,
	.operands_most = 1,
	.run = run_login,
};

const struct command command_logout = {
	.name = "logout",
	.synopsis = "[OPTIONS] HOST",
	.summary = "forget user and password of a registry",
	.options = logout_options,
	.options_bytes = sizeof(struct login_options),
	.operands_least = 1,
	.operands_most = 1,
	.run = run_logout,
};
