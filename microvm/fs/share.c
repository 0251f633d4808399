/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

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

/* Of this process's own pid namespace, and of it only what leads to open files. */
static int open_proc(void)
{
	_cleanup_close_ int context_fd = sys_fsopen("proc"), mount_fd = -EBADF;
	int fd;

	if (context_fd < 0 || sys_fsconfig(context_fd, FSCONFIG_SET_STRING, "subset", "pid") < 0 ||
		sys_fsconfig(context_fd, FSCONFIG_CMD_CREATE, NULL, NULL) < 0)
		return error_errno(errno, "a proc of its own");
	mount_fd = sys_fsmount(context_fd,
		MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
	fd = mount_fd < 0 ? -1 : openat(mount_fd, "self/fd", O_PATH | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? error_errno(errno, "a proc of its own") : fd;
}

/* That of the monitor is the container's. */
static int close_stdio(void)
{
	int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null_fd < 0)
		return error_errno(errno, "/dev/null");
	for (int i = 0; i < 3; i++)
		(void)dup2(null_fd, i);
	return 0;
}

static int enter(const struct fs_share *shares, size_t count, const int *tree_fds, int socket_fd)
{
	_cleanup_close_ int root_fd = -EBADF, proc_fd = -EBADF;
	int r = sandbox_enter_namespaces(false);

	if (r >= 0)
		r = proc_fd = open_proc();
	if (r >= 0)
		r = root_fd = sandbox_make_root();
	for (size_t i = 0; r >= 0 && i < count; i++)
		r = mount_share(&shares[i], tree_fds[i], root_fd);
	if (r >= 0)
		r = close_stdio();
	if (r >= 0)
		r = sandbox_enter_root(root_fd);
	if (r >= 0)
		r = sandbox_enter_user_namespace(socket_fd);
	if (r >= 0)
		r = sandbox_keep_file_capabilities();
	return r < 0 ? r : TAKE_FD(proc_fd);
}

static void server(const struct fs_share *shares, size_t count, const int *tree_fds, int socket_fd)
{
	static struct fs fs;
	int proc_fd;

	(void)prctl(PR_SET_NAME, "hull-vmm fs");
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	proc_fd = enter(shares, count, tree_fds, socket_fd);
	if (proc_fd < 0) {
		sandbox_report(socket_fd);
		_exit(1);
	}
	process_close_others(3, (const int[]){ socket_fd, proc_fd }, 2);
	/* Whose parent has seen it map its users; what fails from here on is the guest's I/O error. */
	if (fs_open_root(&fs, socket_fd, proc_fd) >= 0 && sandbox_filter(SANDBOX_FILES) >= 0)
		(void)fs_serve(&fs);
	_exit(1);
}

/* Whole packets are in flight, several at a time. */
static void enlarge(int fd)
{
	int bytes = 4 * FS_PACKET;

	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof(bytes)) < 0)
		(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes));
}

static int start_server(const struct fs_share *shares, size_t count, const int *tree_fds)
{
	_cleanup_close_ int ours = -EBADF, theirs = -EBADF;
	int ends[2], r;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return error_errno(errno, "socketpair");
	ours = ends[0];
	theirs = ends[1];
	enlarge(ours);
	enlarge(theirs);
	pid = process_clone(CLONE_NEWPID, -1, NULL);
	if (pid == 0) {
		file_close(&ours);
		server(shares, count, tree_fds, theirs);
	}
	file_close(&theirs);
	r = pid < 0 ? error_errno((int)pid, "fork") : sandbox_map_users(pid, ours);
	return r < 0 ? error_context(r, "the shared file system") : TAKE_FD(ours);
}

int fs_start(const struct fs_share *shares, size_t count)
{
	_cleanup_free_ int *tree_fds = memory_allocate(count * sizeof(*tree_fds));
	size_t opened = 0;
	int r = 0;

	for (; r >= 0 && opened < count; opened++) {
		r = tree_fds[opened] = sys_open_tree(AT_FDCWD, shares[opened].path,
			OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);
		if (r < 0)
			r = error_errno(errno, "%s", shares[opened].path);
	}
	if (r >= 0)
		r = start_server(shares, count, tree_fds);
	while (opened)
		file_close(&tree_fds[--opened]);
	return r;
}
