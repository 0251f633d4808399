/* SPDX-License-Identifier: Apache-2.0 */
#include "cgroup/delegation.h"

#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/path.h"

/* The line of v2 in /proc/self/cgroup: "0::/user.slice/…". */
static char *own_group(void)
{
	_cleanup_buffer_ struct buffer text = { 0 };
	const char *line;

	if (file_read_at(AT_FDCWD, "/proc/self/cgroup", &text, 65536) < 0 || !text.data)
		return NULL;
	line = strncmp(text.data, "0::/", 4) == 0 ? text.data : strstr(text.data, "\n0::/");
	if (!line)
		return NULL;
	line = strchr(line, '/') + 1;
	return string_format("%.*s", (int)strcspn(line, "\n"), line);
}

/* To make groups in it, and to move a process from a group below to another one. */
static bool may_change(int mount_fd, const char *group)
{
	_cleanup_free_ char *processes =
		string_format("%s%scgroup.procs", group, *group ? "/" : "");

	return !faccessat(mount_fd, *group ? group : ".", W_OK | X_OK, AT_EACCESS) &&
	       !faccessat(mount_fd, processes, W_OK, AT_EACCESS);
}

char *delegation_find(int mount_fd)
{
	_cleanup_free_ char *own = own_group(), *above = NULL;
	char *slash;

	/* Outside of what this cgroup namespace shows, nothing can be made. */
	if (!own || path_has_dot_dot(own))
		return NULL;
	above = string_copy(own);
	slash = strrchr(above, '/');
	*(slash ? slash : above) = '\0';
	if (may_change(mount_fd, above))
		return TAKE_PTR(above);
	return may_change(mount_fd, own) ? TAKE_PTR(own) : NULL;
}
