/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/process.h"
#include "base/syscall.h"
#include "microvm/fs/fs.h"
#include "microvm/sandbox.h"

/* A share in the new root: a clone of its mount, with what is mounted below it. */
static int mount_share(const struct fs_share *share, int tree_fd, int root_fd)
{
	struct mount_attr attributes = { .attr_set = share->read_only ? MOUNT_ATTR_RDONLY : 0 };
	_cleanup_close_ int target_fd = -EBADF;
	struct stat status;

	if (fstat(tree_fd, &status) < 0)
		return error_errno(errno, "%s", share->path);
	if (S_ISDIR(status.st_mode)) {
		if (mkdirat(root_fd, share->name, 0755) < 0)
			return error_errno(errno, "%s", share->name);
	} else {
		target_fd = openat(root_fd, share->name, O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
		if (target_fd < 0)
			return error_errno(errno, "%s", share->name);
	}
	if (share->read_only &&
		sys_mount_setattr(tree_fd, "", AT_EMPTY_PATH | AT_RECURSIVE, &attributes) < 0)
		return error_errno(errno, "%s: cannot be made read-only", share->path);
	if (sys_move_mount(tree_fd, "", root_fd, share->name, MOVE_MOUNT_F_EMPTY_PATH) < 0)
		return error_errno(errno, "%s", share->path);
	return 0;
}

static int serve(const struct fs_share *shares, size_t count, int *tree_fds, int socket_fd)
{
	_cleanup_close_ int proc_fd = open("/proc/self/fd", O_PATH | O_DIRECTORY | O_CLOEXEC);
	_cleanup_close_ int root_fd = -EBADF;
	int r = proc_fd < 0 ? error_errno(errno, "/proc/self/fd") : sandbox_enter_namespaces(false);

	if (r >= 0)
		r = root_fd = sandbox_make_root();
	for (size_t i = 0; r >= 0 && i < count; i++)
		r = mount_share(&shares[i], tree_fds[i], root_fd);
	if (r >= 0)
		r = sandbox_enter_root(root_fd);
	for (size_t i = 0; i < count; i++)
		file_close(&tree_fds[i]);
	if (r < 0)
		return r;
	return fs_serve(socket_fd, proc_fd);
}

static void server(const struct fs_share *shares, size_t count, int *tree_fds, int socket_fd)
{
	int r;

	(void)prctl(PR_SET_NAME, "hull-vmm fs");
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	r = serve(shares, count, tree_fds, socket_fd);
	if (r < 0)
		(void)fprintf(stderr, "hull: the shared file system: %s\n", error_text(r));
	_exit(r < 0);
}

int fs_start(const struct fs_share *shares, size_t count)
{
	_cleanup_free_ int *tree_fds = memory_allocate(count * sizeof(*tree_fds));
	int ends[2], r = 0;
	size_t opened = 0;
	pid_t pid;

	for (; r >= 0 && opened < count; opened++) {
		r = tree_fds[opened] = sys_open_tree(AT_FDCWD, shares[opened].path,
			OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);
		if (r < 0)
			r = error_errno(errno, "%s", shares[opened].path);
	}
	if (r >= 0 && socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		r = error_errno(errno, "socketpair");
	if (r >= 0) {
		int bytes = 4 * FS_PACKET;

		for (int i = 0; i < 2; i++)
			if (setsockopt(ends[i], SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof(bytes)) <
				0)
				(void)setsockopt(
					ends[i], SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes));
		pid = process_clone(0, -1, NULL);
		if (pid == 0) {
			(void)close(ends[0]);
			server(shares, count, tree_fds, ends[1]);
		}
		(void)close(ends[1]);
		r = pid < 0 ? error_errno((int)pid, "fork") : ends[0];
	}
	while (opened)
		file_close(&tree_fds[--opened]);
	return r;
}
