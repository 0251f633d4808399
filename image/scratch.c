/* SPDX-License-Identifier: Apache-2.0 */
#include "image/scratch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"

/* A name that no other has: of this process by the number, of others by the pid. */
static void choose_name(char name[SCRATCH_NAME_BYTES])
{
	static atomic_uint number;

	(void)snprintf(
		name, SCRATCH_NAME_BYTES, ".hull-%d.%u", getpid(), atomic_fetch_add(&number, 1));
}

static bool has_no_nameless_files(int error)
{
	return error == EOPNOTSUPP || error == EISDIR || error == ENOENT;
}

int scratch_open(int folder_fd, struct scratch *scratch)
{
	*scratch = (struct scratch){ .fd = openat(folder_fd, ".", O_TMPFILE | O_RDWR | O_CLOEXEC,
					     0644) };
	if (scratch->fd < 0 && has_no_nameless_files(errno)) {
		choose_name(scratch->name);
		scratch->fd = openat(
			folder_fd, scratch->name, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0644);
	}
	if (scratch->fd < 0) {
		scratch->name[0] = '\0';
		return -errno;
	}
	return 0;
}

int scratch_commit(struct scratch *scratch, int folder_fd, const char *name)
{
	if (!scratch->name[0]) {
		_cleanup_free_ char *path = string_format("/proc/self/fd/%d", scratch->fd);

		/* A name that exists can only be replaced by rename(2), which needs one. */
		choose_name(scratch->name);
		if (linkat(AT_FDCWD, path, folder_fd, scratch->name, AT_SYMLINK_FOLLOW) < 0) {
			scratch->name[0] = '\0';
			return -errno;
		}
	}
	if (renameat(folder_fd, scratch->name, folder_fd, name) < 0)
		return -errno;
	scratch->name[0] = '\0';
	return 0;
}

int scratch_open_nameless(void)
{
	const char *folder = getenv("TMPDIR");
	_cleanup_free_ char *name = NULL;
	int fd;

	folder = folder && *folder ? folder : "/var/tmp";
	fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (fd >= 0 || !has_no_nameless_files(errno))
		return fd >= 0 ? fd : -errno;
	name = string_format("%s/.hull-XXXXXX", folder);
	fd = mkostemp(name, O_CLOEXEC);
	if (fd < 0)
		return -errno;
	(void)unlink(name);
	return fd;
}

void scratch_close(struct scratch *scratch, int folder_fd)
{
	if (scratch->name[0])
		(void)unlinkat(folder_fd, scratch->name, 0);
	scratch->name[0] = '\0';
	file_close(&scratch->fd);
}

int scratch_folder(const char *path, const char **name)
{
	const char *slash = strrchr(path, '/');
	_cleanup_free_ char *folder =
		slash ? string_format("%.*s", slash == path ? 1 : (int)(slash - path), path)
		      : string_copy(".");
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	*name = slash ? slash + 1 : path;
	return fd < 0 ? error_errno(errno, "%s", folder) : fd;
}
