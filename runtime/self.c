/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/self.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/syscall.h"

#define SELF "/proc/self/exe"

extern char **environ;

/* Already from a read-only mount, or from a sealed copy? */
static bool self_is_protected(void)
{
	_cleanup_close_ int fd = -EBADF;
	struct statvfs mount;
	int seals;

	if (statvfs(SELF, &mount) == 0 && mount.f_flag & ST_RDONLY)
		return true;
	fd = open(SELF, O_RDONLY | O_CLOEXEC);
	seals = fd < 0 ? -1 : fcntl(fd, F_GET_SEALS);
	return seals >= 0 && seals & F_SEAL_WRITE;
}

static int self_clone_readonly(void)
{
	struct mount_attr readonly = { .attr_set = MOUNT_ATTR_RDONLY };
	_cleanup_close_ int fd = sys_open_tree(AT_FDCWD, SELF, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);

	if (fd < 0 || sys_mount_setattr(fd, "", AT_EMPTY_PATH, &readonly) < 0)
		return -errno;
	return TAKE_FD(fd);
}

/* For an ordinary user who owns the file, and so could not clone a mount but could write it. */
static int self_copy_sealed(void)
{
	_cleanup_close_ int from = open(SELF, O_RDONLY | O_CLOEXEC);
	_cleanup_close_ int to = memfd_create("hull", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	ssize_t n;

	if (from < 0 || to < 0)
		return -errno;
	do
		n = sendfile(to, from, NULL, 1u << 30);
	while (n > 0 || (n < 0 && errno == EINTR));
	if (n < 0 || fchmod(to, 0500) < 0 ||
		fcntl(to, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) <
			0)
		return -errno;
	return TAKE_FD(to);
}

/*
 * Could this user, or the root of a user namespace of his, change the file? The
 * owner can, whatever its mode says.
 */
static bool self_is_own(void)
{
	struct stat st;

	return stat(SELF, &st) < 0 || st.st_uid == geteuid() ||
	       faccessat(AT_FDCWD, SELF, W_OK, AT_EACCESS) == 0;
}

int self_protect(char **arguments)
{
	_cleanup_close_ int fd = -EBADF;

	if (self_is_protected()) {
		(void)prctl(PR_SET_NAME, "hull");
		return 0;
	}
	fd = self_clone_readonly();
	if (fd == -EPERM) {
		if (!self_is_own())
			return 0;
		fd = self_copy_sealed();
	}
	if (fd < 0)
		return error_errno(fd, "cannot protect hull's own program file");
	(void)syscall(SYS_execveat, fd, "", arguments, environ, AT_EMPTY_PATH);
	return error_errno(errno, "cannot execute hull from a protected place");
}

void self_fill_standard_descriptors(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	while (fd >= 0 && fd <= 2 && fcntl(fd, F_SETFD, 0) == 0);
	if (fd > 2)
		(void)close(fd);
}
