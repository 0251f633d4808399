/* SPDX-License-Identifier: Apache-2.0 */
#include "ns/root.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/file.h"
#include "base/syscall.h"
#include "ns/mount_option.h"

static int root_propagate(int fd, const char *path, const char *word)
{
	struct mount_attr attributes = { 0 };
	unsigned int flags = AT_EMPTY_PATH;
	uint64_t propagation;
	bool recursive;

	if (!mount_propagation_parse(word, &propagation, &recursive))
		return error_set(EINVAL, "config.json: linux.rootfsPropagation: unknown: %s", word);
	attributes.propagation = propagation;
	if (recursive)
		flags |= AT_RECURSIVE;
	if (sys_mount_setattr(fd, path, flags, &attributes) < 0)
		return error_errno(errno, "cannot make %s %s", *path ? path : "the rootfs", word);
	return 0;
}

static const char *root_propagation(const struct config *config)
{
	const char *word = config->linux->rootfs_propagation;

	return word && *word ? word : "rslave";
}

static bool root_is_slave(const struct config *config)
{
	const char *word = root_propagation(config);

	return !strcmp(word, "rslave") || !strcmp(word, "slave");
}

int root_tree_open(const struct config *config, int bundle_fd)
{
	const char *path = config->root->path;
	_cleanup_close_ int fd = -EBADF;
	struct stat st;
	int r;

	fd = sys_open_tree(bundle_fd, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);
	if (fd < 0)
		return error_errno(errno, "config.json: root.path: %s", path);
	if (fstat(fd, &st) < 0 || !S_ISDIR(st.st_mode))
		return error_set(ENOTDIR, "config.json: root.path: %s is not a folder", path);
	r = root_propagate(fd, "", root_propagation(config));
	/* pivot_root(2) refuses a shared root, and an unbindable one could not be furnished. */
	if (r >= 0 && !root_is_slave(config))
		r = root_propagate(fd, "", "private");
	if (r < 0)
		return r;
	return TAKE_FD(fd);
}

int root_attach(const struct container_plan *plan)
{
	/* What the host mounts later may come in; what is mounted here must never get out. */
	int r = root_propagate(AT_FDCWD, "/", "rslave");

	if (r < 0)
		return r;
	/* Onto its own path: there hooks find the container's mounts before the root changes. */
	if (sys_move_mount(plan->root_tree_fd, "", AT_FDCWD, plan->rootfs,
		    MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_SYMLINKS) < 0)
		return error_errno(errno, "cannot attach the rootfs to %s%s", plan->rootfs,
			errno == EACCES ? " (is the way there open to the container's root?)" : "");
	return 0;
}

static int root_pivot(void)
{
	/* pivot_root(2), "pivot_root(".", ".")": the old root ends up on top of the new one. */
	if (sys_pivot_root(".", ".") < 0)
		return error_errno(errno, "pivot_root");
	if (sys_umount(".", UMOUNT_DETACH) < 0)
		return error_errno(errno, "cannot detach the host's root");
	if (chdir("/") < 0)
		return error_errno(errno, "chdir to the new root");
	return 0;
}

/*
 * On a ramfs root, as in an initramfs, there is nothing to pivot away from. The rootfs is moved
 * onto "/": from below a chroot(2) alone, another one leads out; and who joins the mount namespace
 * later finds himself in what is mounted on "/".
 */
static int root_chroot(int root_tree_fd)
{
	if (sys_move_mount(root_tree_fd, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH) < 0)
		return error_errno(errno, "cannot move the rootfs to /");
	if (chroot(".") < 0)
		return error_errno(errno, "chroot");
	if (chdir("/") < 0)
		return error_errno(errno, "chdir to the new root");
	return 0;
}

int root_switch(const struct container_plan *plan)
{
	struct mount_attr readonly = { .attr_set = MOUNT_ATTR_RDONLY };
	const char *word;
	int r;

	if (plan->config->root->readonly &&
		sys_mount_setattr(plan->root_tree_fd, "", AT_EMPTY_PATH, &readonly) < 0)
		return error_errno(errno, "config.json: root.readonly: cannot be set");
	if (fchdir(plan->root_tree_fd) < 0)
		return error_errno(errno, "cannot enter the rootfs");
	r = plan->no_pivot ? root_chroot(plan->root_tree_fd) : root_pivot();
	if (r < 0 || root_is_slave(plan->config))
		return r;
	/* Of the root alone: each mount has its own by now. */
	word = root_propagation(plan->config);
	return root_propagate(AT_FDCWD, "/", word[0] == 'r' ? word + 1 : word);
}
