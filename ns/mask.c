/* SPDX-License-Identifier: Apache-2.0 */
#include "ns/mask.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/file.h"
#include "base/path.h"
#include "base/syscall.h"
#include "ns/device.h"
#include "ns/mount.h"

/* What covers: made when first needed, then cloned. */
struct covers {
	int null_fd, folder_fd;
};

static int cover_clone(int fd)
{
	int clone = sys_open_tree(fd, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH);

	return clone < 0 ? error_errno(errno, "cannot be covered") : clone;
}

static int cover_file(struct covers *covers, int target_fd)
{
	_cleanup_close_ int tree = -EBADF;

	if (covers->null_fd < 0)
		covers->null_fd = device_open_null();
	if (covers->null_fd < 0)
		return covers->null_fd;
	tree = cover_clone(covers->null_fd);
	return tree < 0 ? tree : mount_attach(tree, target_fd);
}

static int cover_folder(struct covers *covers, int target_fd)
{
	static const char *const options[] = { "size=4k", "nr_inodes=2", "mode=755", NULL };
	_cleanup_close_ int tree = -EBADF;

	if (covers->folder_fd >= 0) {
		tree = cover_clone(covers->folder_fd);
		return tree < 0 ? tree : mount_attach(tree, target_fd);
	}
	/* A mount can be cloned only once it is attached, so the first one is the original. */
	covers->folder_fd = mount_filesystem("tmpfs", "tmpfs", options,
		MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
	if (covers->folder_fd < 0)
		return covers->folder_fd;
	return mount_attach(covers->folder_fd, target_fd);
}

static int mask_find(const struct container_plan *plan, const char *path)
{
	const char *below;
	int root_fd = mount_find(plan, path, &below);

	return path_open_in_root(root_fd, below, O_PATH);
}

static int mask_path(const struct container_plan *plan, const char *path, struct covers *covers)
{
	_cleanup_close_ int target = mask_find(plan, path);
	struct stat st;

	if (target == -ENOENT || target == -ENOTDIR)
		return 0;
	if (target < 0)
		return error_errno(target, "cannot be looked up");
	if (fstat(target, &st) < 0)
		return error_errno(errno, "cannot be looked at");
	return S_ISDIR(st.st_mode) ? cover_folder(covers, target) : cover_file(covers, target);
}

static int readonly_path(const struct container_plan *plan, const char *path)
{
	_cleanup_close_ int target = mask_find(plan, path);
	/* What is mounted below keeps its own flags. */
	struct mount_attr readonly = { .attr_set = MOUNT_ATTR_RDONLY };
	_cleanup_close_ int tree = -EBADF;

	if (target == -ENOENT || target == -ENOTDIR)
		return 0;
	if (target < 0)
		return error_errno(target, "cannot be looked up");
	tree = sys_open_tree(
		target, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | AT_RECURSIVE);
	if (tree < 0 || sys_mount_setattr(tree, "", AT_EMPTY_PATH, &readonly) < 0)
		return error_errno(errno, "cannot be made read-only");
	return mount_attach(tree, target);
}

int mask_all(const struct container_plan *plan)
{
	const struct config_linux *section = plan->config->linux;
	struct covers covers = { -EBADF, -EBADF };
	int r = 0;

	for (size_t i = 0; r >= 0 && i < section->readonly_paths.count; i++) {
		r = readonly_path(plan, section->readonly_paths.items[i]);
		if (r < 0)
			(void)error_context(r, "config.json: linux.readonlyPaths[%zu] (%s)", i,
				section->readonly_paths.items[i]);
	}
	for (size_t i = 0; r >= 0 && i < section->masked_paths.count; i++) {
		r = mask_path(plan, section->masked_paths.items[i], &covers);
		if (r < 0)
			(void)error_context(r, "config.json: linux.maskedPaths[%zu] (%s)", i,
				section->masked_paths.items[i]);
	}
	file_close(&covers.null_fd);
	file_close(&covers.folder_fd);
	return r;
}
