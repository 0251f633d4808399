/* SPDX-License-Identifier: Apache-2.0 */
#include "ns/mount_symlink.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/path.h"

bool mount_symlink_is(int source_fd)
{
	struct stat st;

	return fstat(source_fd, &st) == 0 && S_ISLNK(st.st_mode);
}

int mount_symlink_open(int folder_fd, const char *source)
{
	_cleanup_close_ int fd = openat(folder_fd, source, O_PATH | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	return mount_symlink_is(fd) ? TAKE_FD(fd) : -EINVAL;
}

int mount_symlink_copy(int root_fd, const char *destination, int source_fd)
{
	char wanted[PATH_MAX], found[PATH_MAX];
	ssize_t length = readlinkat(source_fd, "", wanted, sizeof(wanted) - 1);
	_cleanup_close_ int folder_fd = -EBADF;
	const char *name;

	if (length < 0)
		return error_errno(errno, "the link cannot be read");
	wanted[length] = '\0';
	folder_fd = path_open_parent_in_root(root_fd, destination, true, &name);
	if (folder_fd < 0)
		return error_errno(folder_fd, "cannot make %s in the rootfs", destination);
	if (symlinkat(wanted, folder_fd, name) == 0)
		return 0;
	if (errno == EEXIST && readlinkat(folder_fd, name, found, sizeof(found)) == length &&
		!memcmp(found, wanted, (size_t)length))
		return 0;
	return error_errno(errno, "cannot make the link %s in the rootfs", destination);
}
