/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/handover.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/memory.h"

/* Only names that could be ours: no path, nothing that could be taken for one. */
static bool handover_is_name(const char *command)
{
	return *command && strlen(command) < 32 &&
	       !command[strspn(command, "abcdefghijklmnopqrstuvwxyz-")];
}

/* The folder that hull's program file is in. */
static bool handover_own_folder(char folder[PATH_MAX])
{
	ssize_t length = readlink("/proc/self/exe", folder, PATH_MAX - 1);
	char *slash;

	if (length <= 0)
		return false;
	folder[length] = '\0';
	slash = strrchr(folder, '/');
	if (!slash)
		return false;
	*slash = '\0';
	return true;
}

/* Not by /proc/self/exe alone, which may be a clone that lies nowhere (runtime/self.h). */
void handover_execute(const char *program, char **words)
{
	const char *slash = strrchr(program_invocation_name, '/');
	char path[PATH_MAX], folder[PATH_MAX];

	if (slash && (size_t)snprintf(path, sizeof(path), "%.*s%s",
			     (int)(slash + 1 - program_invocation_name), program_invocation_name,
			     program) < sizeof(path))
		(void)execv(path, words);
	if (handover_own_folder(folder) &&
		(size_t)snprintf(path, sizeof(path), "%s/%s", folder, program) < sizeof(path))
		(void)execv(path, words);
	(void)execvp(program, words);
}

int handover(const char *command, char **words)
{
	_cleanup_free_ char *program = NULL;

	if (handover_is_name(command)) {
		program = string_format("hull-%s", command);
		handover_execute(program, words);
	}
	return error_set(ENOENT, "unknown command: \"%s\" (see --help)", command);
}
