/* SPDX-License-Identifier: Apache-2.0 */
#include "ns/mount_live.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/path.h"
#include "base/syscall.h"
#include "ns/copy_up.h"
#include "ns/mount.h"
#include "ns/mount_option.h"
#include "ns/mount_symlink.h"
#include "ns/mount_target.h"

/*
 * procfs shows the pid namespace of whoever mounts it, and cgroups are seen from where
 * that process stands: both would show the host's.
 */
static bool live_type_is_refused(const char *type)
{
	return !strcmp(type, "proc") || !strncmp(type, "cgroup", 6);
}

static int live_make(
	const struct config_mount *mount, const struct mount_options *options, int target_fd)
{
	const char *words[ARRAY_SIZE(options->filesystem) + 1] = { 0 };
	int fd, r = 0;

	if (!mount->type)
		return error_set(EINVAL, "type: is required, but missing");
	if (live_type_is_refused(mount->type))
		return error_set(
			ENOTSUP, "%s cannot be mounted in a container that runs", mount->type);
	memcpy(words, options->filesystem, options->filesystem_options * sizeof(*words));
	fd = mount_filesystem(mount->type, mount->source, words, 0);
	if (fd < 0)
		return fd;
	if (options->copy_up)
		r = copy_up(target_fd, fd);
	if (r >= 0) {
		r = mount_options_apply(options, fd);
		if (r < 0)
			(void)error_errno(r, "the options cannot be applied");
	}
	if (r < 0)
		(void)close(fd);
	return r < 0 ? r : fd;
}

static int live_add(const struct config_mount *mount, size_t index, int tree_fd, int root_fd)
{
	_cleanup_close_ int target = -EBADF, made = -EBADF;
	struct mount_options options;
	int r = mount_options_parse(mount, index, &options);

	if (r < 0)
		return r;
	if (options.copy_symlink && mount_symlink_is(tree_fd))
		return mount_symlink_copy(root_fd, mount->destination, tree_fd);
	target = mount_target_open(root_fd, mount, &options, tree_fd);
	if (target < 0)
		return target;
	if (options.bind)
		return mount_attach(tree_fd, target);
	made = live_make(mount, &options, target);
	return made < 0 ? made : mount_attach(made, target);
}

/* By name in its folder, which was opened below the root: no path leads elsewhere meanwhile. */
static int live_remove(const struct config_mount *mount, int root_fd)
{
	_cleanup_close_ int folder_fd = -EBADF;
	const char *name;

	folder_fd = path_open_parent_in_root(root_fd, mount->destination, false, &name);
	if (folder_fd < 0)
		return error_errno(folder_fd, "cannot be found");
	if (fchdir(folder_fd) < 0)
		return error_errno(errno, "its folder cannot be entered");
	if (sys_umount(name, UMOUNT_DETACH | UMOUNT_NOFOLLOW) < 0)
		return errno == EINVAL ? error_set(EINVAL, "nothing is mounted there that could be "
							   "removed")
				       : error_errno(errno, "cannot be removed");
	return 0;
}

static int live_context(int result, const struct config_mount *mount, size_t index)
{
	return error_context(result, "mounts[%zu] (%s)", index, mount->destination);
}

int mount_live_add(const struct config *config, const int *trees, int root_fd)
{
	for (size_t i = 0; i < config->mounts.count; i++) {
		const struct config_mount *mounts = config->mounts.items;
		_cleanup_free_ char *why = NULL;
		int r = live_add(&mounts[i], i, trees[i], root_fd);

		if (r >= 0)
			continue;
		(void)live_context(r, &mounts[i], i);
		why = string_copy(error_text(r));
		while (i-- > 0)
			(void)live_remove(&mounts[i], root_fd);
		return error_set(r, "%s", why);
	}
	return 0;
}

int mount_live_remove(const struct config *config, int root_fd)
{
	for (size_t i = 0; i < config->mounts.count; i++) {
		const struct config_mount *mount = &config->mounts.items[i];
		int r = live_remove(mount, root_fd);

		if (r < 0)
			return live_context(r, mount, i);
	}
	return 0;
}
