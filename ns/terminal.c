/* SPDX-License-Identifier: Apache-2.0 */
#include "ns/terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <termios.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/message.h"
#include "base/path.h"
#include "base/syscall.h"
#include "ns/mount.h"

#ifndef TIOCGPTPEER
#define TIOCGPTPEER _IO('T', 0x41)
#endif

/*
 * The multiplexer of the container's devpts. To open a device can be all that it
 * takes to do harm, so its name is looked up nowhere but in a devpts, where only
 * the kernel makes nodes.
 */
static int terminal_find_master(int root_fd)
{
	_cleanup_close_ int folder = path_open_in_root(root_fd, "/dev/pts", O_PATH | O_DIRECTORY);
	struct statfs filesystem;
	int fd;

	if (folder < 0)
		return error_errno(folder, "process.terminal: /dev/pts of the container");
	if (fstatfs(folder, &filesystem) < 0 || filesystem.f_type != DEVPTS_SUPER_MAGIC)
		return error_set(EINVAL,
			"process.terminal: no devpts is mounted on /dev/pts of the container");
	fd = openat(folder, "ptmx", O_RDWR | O_NOCTTY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? error_errno(errno, "process.terminal: /dev/pts/ptmx of the container") : fd;
}

static int terminal_open_master(int root_fd)
{
	_cleanup_close_ int fd = terminal_find_master(root_fd);
	struct statfs filesystem;
	struct stat st;
	int unlocked = 0;

	if (fd < 0)
		return fd;
	/* Unless something is mounted on it. */
	if (fstat(fd, &st) < 0 || fstatfs(fd, &filesystem) < 0)
		return error_errno(errno, "process.terminal: /dev/pts/ptmx of the container");
	if (!S_ISCHR(st.st_mode) || st.st_rdev != makedev(5, 2) ||
		filesystem.f_type != DEVPTS_SUPER_MAGIC)
		return error_set(EINVAL, "process.terminal: /dev/pts/ptmx of the container is not "
					 "a terminal multiplexer");
	if (ioctl(fd, TIOCSPTLCK, &unlocked) < 0)
		return error_errno(errno, "process.terminal: cannot unlock the terminal");
	return TAKE_FD(fd);
}

/* By descriptor: the names in /dev/pts are the container's to change (CVE-2025-52565). */
static int terminal_mount_console(int root_fd, int slave_fd)
{
	_cleanup_close_ int tree = -EBADF, folder = -EBADF, target = -EBADF;
	int r;

	folder = path_open_in_root(root_fd, "/dev", O_PATH | O_DIRECTORY);
	if (folder < 0)
		return error_errno(folder, "/dev of the container");
	tree = sys_open_tree(slave_fd, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH);
	if (tree < 0)
		return error_errno(errno, "/dev/console");
	if (mknodat(folder, "console", S_IFREG | 0600, 0) < 0 && errno != EEXIST)
		return error_errno(errno, "/dev/console");
	target = openat(folder, "console", O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (target < 0)
		return error_errno(errno, "/dev/console");
	r = mount_attach(tree, target);
	return r < 0 ? error_context(r, "/dev/console") : 0;
}

static void terminal_set_size(int fd, const struct config_console_size *wanted)
{
	struct winsize size = { 0 };

	if (!wanted)
		return;
	size.ws_row = (unsigned short)wanted->height;
	size.ws_col = (unsigned short)wanted->width;
	(void)ioctl(fd, TIOCSWINSZ, &size);
}

/* Otherwise a file of what the container prints would be full of carriage returns. */
static void terminal_stop_carriage_returns(int fd)
{
	struct termios modes;

	if (tcgetattr(fd, &modes) < 0)
		return;
	modes.c_oflag &= ~(tcflag_t)ONLCR;
	(void)tcsetattr(fd, TCSANOW, &modes);
}

static int terminal_take(const struct container_plan *plan, int slave_fd)
{
	const struct config_user *user = plan->process->user;

	if (user && fchown(slave_fd, (uid_t)user->uid, (gid_t)-1) < 0 && errno != EPERM &&
		errno != EINVAL && errno != EROFS)
		return error_errno(errno, "process.terminal: owner");
	if (ioctl(slave_fd, TIOCSCTTY, 0) < 0)
		return error_errno(
			errno, "process.terminal: cannot become the controlling terminal");
	for (int fd = 0; fd <= 2; fd++)
		if (dup2(slave_fd, fd) < 0)
			return error_errno(errno, "process.terminal: descriptor %d", fd);
	return 0;
}

int terminal_open(const struct container_plan *plan, int root_fd, bool console)
{
	_cleanup_close_ int master = terminal_open_master(root_fd), slave = -EBADF;
	int r;

	if (master < 0)
		return master;
	slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (slave < 0)
		return error_errno(errno, "process.terminal: TIOCGPTPEER");
	terminal_set_size(slave, plan->console_size);
	if (plan->console_into_file)
		terminal_stop_carriage_returns(slave);
	if (console) {
		r = terminal_mount_console(root_fd, slave);
		if (r < 0)
			return r;
	}
	r = message_send(plan->socket_fd, MESSAGE_TERMINAL, 0, NULL, master);
	if (r < 0)
		return error_errno(r, "process.terminal: cannot hand the terminal over");
	return terminal_take(plan, slave);
}
