/* SPDX-License-Identifier: Apache-2.0 */
#include "ns/program.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "spec/annotation.h"
#include "spec/architecture.h"

#define DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

void program_try_folder(const struct config_process *process)
{
	if (strcmp(process->cwd, "/") != 0)
		(void)chdir(process->cwd);
}

int program_enter_folder(const struct config_process *process)
{
	int refused = chdir(process->cwd) < 0 ? errno : 0;
	char folder[PATH_MAX] = "";

	/* The kernel's own answer: a folder outside this root is "(unreachable)…" or nothing. */
	if ((!refused || refused == EACCES) &&
		(syscall(SYS_getcwd, folder, sizeof(folder)) < 0 || folder[0] != '/'))
		return error_set(EINVAL,
			"process.cwd: %s is outside the container's root file system",
			process->cwd);
	/* Every process comes from "/": elsewhere it is where the first try has put it. */
	if (refused && (refused != EACCES || !folder[1]))
		return error_errno(refused, "process.cwd: cannot enter %s", process->cwd);
	return 0;
}

static const char *environment_get(const struct string_list *environment, const char *name)
{
	size_t length = strlen(name);
	const char *value = NULL;

	for (size_t i = 0; i < environment->count; i++)
		if (!strncmp(environment->items[i], name, length) &&
			environment->items[i][length] == '=')
			value = environment->items[i] + length + 1;
	return value;
}

/* The home of UID in a line "name:x:uid:gid:gecos:home:shell", or NULL. */
static char *home_in_line(char *line, uint64_t uid)
{
	char *fields[7] = { 0 }, *end;
	size_t count = 0;

	for (char *next = line; next && count < ARRAY_SIZE(fields); count++)
		fields[count] = strsep(&next, ":");
	if (count < 6 || !*fields[2] || strtoull(fields[2], &end, 10) != uid || *end)
		return NULL;
	return fields[5][0] == '/' ? fields[5] : NULL;
}

static const char *home_of(uint64_t uid)
{
	_cleanup_close_ int fd = open("/etc/passwd", O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct buffer text = { 0 }; /* lives until execve */
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) ||
		file_read_fd(fd, &text, 1u << 20) < 0 || !text.data)
		return "/";
	for (char *next = text.data, *line; (line = strsep(&next, "\n"));) {
		const char *home = home_in_line(line, uid);

		if (home)
			return home;
	}
	return "/";
}

static int variable_compare_names(const char *a, const char *b)
{
	size_t a_length = strcspn(a, "="), b_length = strcspn(b, "=");
	int order = memcmp(a, b, a_length < b_length ? a_length : b_length);

	return order ? order : (a_length > b_length) - (a_length < b_length);
}

/* Variables of one name stay in the order of the document. */
static int variable_compare(const void *first, const void *second)
{
	char **a = *(char **const *)first, **b = *(char **const *)second;
	int order = variable_compare_names(*a, *b);

	return order ? order : (a > b) - (a < b);
}

/* Of two values the last counts, and alone: programs differ in which of them they find. */
static size_t environment_drop_repeated(char **variables, size_t count)
{
	char ***sorted = memory_allocate((count + 1) * sizeof(*sorted));
	_cleanup_free_ void *owned = sorted;
	size_t kept = 0;

	for (size_t i = 0; i < count; i++)
		sorted[i] = &variables[i];
	qsort(sorted, count, sizeof(*sorted), variable_compare);
	for (size_t i = 1; i < count; i++)
		if (!variable_compare_names(*sorted[i - 1], *sorted[i]))
			*sorted[i - 1] = NULL;
	for (size_t i = 0; i < count; i++)
		if (variables[i])
			variables[kept++] = variables[i];
	return kept;
}

/* The place of HOME among the variables; COUNT when it has none. */
static size_t environment_find_home(char **variables, size_t count)
{
	size_t i = 0;

	while (i < count && strncmp(variables[i], "HOME=", 5) != 0)
		i++;
	return i;
}

static void program_set_environment(const struct config_process *process, struct program *program)
{
	const struct string_list *wanted = &process->env;
	size_t count = wanted->count, home;
	char **variables = memory_allocate((count + 2) * sizeof(*variables));

	for (size_t i = 0; i < count; i++)
		variables[i] = (char *)wanted->items[i];
	count = environment_drop_repeated(variables, count);
	home = environment_find_home(variables, count);
	if (home == count || !variables[home][5])
		variables[home] =
			string_format("HOME=%s", home_of(process->user ? process->user->uid : 0));
	variables[home == count ? count + 1 : count] = NULL;
	program->environment = variables;
}

/* 0 when PATH is a file that this process may execute; else why not. */
static int program_check(const char *path)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return -errno;
	if (S_ISDIR(st.st_mode))
		return -EISDIR;
	return faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) < 0 ? -errno : 0;
}

/* As engines search for them: "no such file or directory", "permission denied". */
static const char *program_words(int error)
{
	static char words[64];

	(void)snprintf(words, sizeof(words), "%s", strerror(abs(error)));
	words[0] = (char)tolower((unsigned char)words[0]);
	return words;
}

static int program_refuse(const char *name, int error)
{
	return error_set(error, "exec: \"%s\": %s", name, program_words(error));
}

static int program_find_along(const char *name, const char *folders, struct program *program)
{
	int worst = -ENOENT;

	for (const char *at = folders;; at++) {
		size_t length = strcspn(at, ":");
		_cleanup_free_ char *path = length ? string_format("%.*s/%s", (int)length, at, name)
						   : string_format("./%s", name);
		int r = program_check(path);

		if (r >= 0) {
			program->path = TAKE_PTR(path);
			return 0;
		}
		if (r == -EACCES)
			worst = r;
		at += length;
		if (!*at)
			break;
	}
	if (worst == -EACCES)
		return program_refuse(name, worst);
	return error_set(ENOENT, "exec: \"%s\": executable file not found in $PATH", name);
}

int program_find(const struct config_process *process, struct program *program)
{
	const char *name = process->args.items[0];
	const char *folders = environment_get(&process->env, "PATH");
	int r;

	program_set_environment(process, program);
	program->arguments = (char **)process->args.items;
	if (!strchr(name, '/'))
		return program_find_along(name, folders ? folders : DEFAULT_PATH, program);
	r = program_check(name);
	if (r < 0)
		return program_refuse(name, r);
	program->path = string_copy(name);
	return 0;
}

/* Of a program of another architecture; else NULL. */
static const struct architecture *program_foreign(const char *path)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	unsigned char bytes[ARCHITECTURE_BYTES];
	ssize_t length = fd < 0 ? -1 : read(fd, bytes, sizeof(bytes));
	const struct architecture *its = length < 0 ? NULL : architecture_of(bytes, (size_t)length);

	return its == architecture_own() ? NULL : its;
}

int program_execute(const struct program *program)
{
	const struct architecture *foreign;
	int error;

	(void)execve(program->path, program->arguments, program->environment);
	error = errno;
	foreign = error == ENOEXEC ? program_foreign(program->path) : NULL;
	if (foreign)
		return error_set(error,
			"exec %s: %s (it is a program for %s: annotation " ANNOTATION_EMULATOR
			" names what executes those)",
			program->arguments[0], program_words(error), foreign->name);
	return error_set(error, "exec %s: %s", program->arguments[0], program_words(error));
}
