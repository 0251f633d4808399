/* SPDX-License-Identifier: Apache-2.0 */
#include "image/mount.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "base/process.h"
#include "base/syscall.h"
#include "image/extract.h"
#include "image/index.h"
#include "image/loop.h"

const char *const image_mount_kind_names[] = { "files", "loop", "folder" };

/* The index first, then the tars, lowest layer first. */
struct parts {
	int *fds;
	size_t count;
};

static void parts_close(struct parts *parts)
{
	for (size_t i = 0; i < parts->count; i++)
		file_close(&parts->fds[i]);
	free(parts->fds);
}

static int open_parts(
	struct store *store, const struct store_image *image, int index_fd, struct parts *parts)
{
	uint64_t size;

	parts->fds = memory_allocate((image->layer_count + 1) * sizeof(*parts->fds));
	parts->fds[parts->count++] = fcntl(index_fd, F_DUPFD_CLOEXEC, 3);
	for (size_t i = 0; i < image->layer_count; i++) {
		int fd = store_layer_open(store, &image->layers[i].diff_id, &size);

		if (fd < 0)
			return error_errno(fd, "image %s: layer %s", image->name,
				DIGEST_SHOW(&image->layers[i].diff_id));
		parts->fds[parts->count++] = fd;
	}
	return 0;
}

/*
 * fsconfig(2) takes no path of more than 255 bytes, and through the descriptor it is
 * the very file that was opened.
 */
static int mount_erofs(const struct parts *parts)
{
	_cleanup_close_ int fs = sys_fsopen("erofs");
	char path[64];
	int fd;

	/* A loop device that is read-only is opened for no other mount. */
	if (fs < 0 || sys_fsconfig(fs, FSCONFIG_SET_FLAG, "ro", NULL) < 0)
		return -errno;
	for (size_t i = 0; i < parts->count; i++) {
		(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", parts->fds[i]);
		if (sys_fsconfig(fs, FSCONFIG_SET_STRING, i ? "device" : "source", path) < 0)
			return -errno;
	}
	if (sys_fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL) < 0)
		return -errno;
	fd = sys_fsmount(fs, MOUNT_ATTR_RDONLY);
	return fd < 0 ? -errno : fd;
}

static int mount_files(const struct parts *parts, struct image_mount *mount)
{
	mount->fd = mount_erofs(parts);
	return mount->fd < 0 ? mount->fd : 0;
}

static int mount_loop(const struct parts *parts, struct image_mount *mount)
{
	struct parts loops = { .fds = memory_allocate(parts->count * sizeof(int)) };
	int r = 0;

	for (size_t i = 0; r >= 0 && i < parts->count; i++) {
		r = loop_attach(parts->fds[i]);
		if (r >= 0)
			loops.fds[loops.count++] = r;
	}
	if (r >= 0)
		r = mount_files(&loops, mount);
	/* They detach by themselves with the mount, or now when there is none. */
	parts_close(&loops);
	return r;
}

static int mount_folder(
	struct store *store, const struct store_image *image, struct image_mount *mount)
{
	_cleanup_close_ int fd = extract_open(store, image);
	struct mount_attr attributes = { .attr_set = MOUNT_ATTR_RDONLY };
	int r;

	if (fd < 0)
		return fd;
	mount->fd = sys_open_tree(fd, "", AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	if (mount->fd < 0)
		return error_errno(errno, "cannot mount the unpacked image");
	r = sys_mount_setattr(mount->fd, "", AT_EMPTY_PATH, &attributes);
	return r < 0 ? error_errno(errno, "cannot make the unpacked image read-only") : 0;
}

/* Why the kernel did not mount the files, in words that help. */
static const char *why_not(int error)
{
	switch (error) {
	case -ENOTBLK:
		return "this kernel mounts EROFS from block devices only (from files: Linux 6.12, "
		       "not from tmpfs)";
	case -EPERM:
	case -EACCES:
		return "mounting EROFS needs root";
	case -ENODEV:
		return "this kernel has no EROFS";
	default:
		return error_words(error);
	}
}

static void set_reason(struct image_mount *mount, const char *reason)
{
	free(mount->reason);
	mount->reason = string_copy(reason);
}

static int choose(struct store *store, const struct store_image *image, int which,
	const struct parts *parts, struct image_mount *mount)
{
	int r = -ENOTBLK;

	mount->kind = IMAGE_MOUNT_FILES;
	if (which < 0 || which == IMAGE_MOUNT_FILES) {
		r = mount_files(parts, mount);
		if (r >= 0)
			return r;
		set_reason(mount, why_not(r));
	}
	mount->kind = IMAGE_MOUNT_LOOP;
	if ((which < 0 && r == -ENOTBLK) || which == IMAGE_MOUNT_LOOP) {
		r = mount_loop(parts, mount);
		if (r >= 0)
			return r;
		set_reason(mount, why_not(r));
	}
	mount->kind = IMAGE_MOUNT_FOLDER;
	if (which < 0 || which == IMAGE_MOUNT_FOLDER)
		return mount_folder(store, image, mount);
	return error_set(r, "cannot mount image %s as \"%s\": %s", image->name,
		image_mount_kind_names[which], mount->reason ? mount->reason : error_words(r));
}

int image_mount(
	struct store *store, const struct store_image *image, int which, struct image_mount *mount)
{
	__attribute__((cleanup(parts_close))) struct parts parts = { 0 };
	int r;

	*mount = IMAGE_MOUNT_NONE;
	mount->use_fd = index_open(store, image);
	if (mount->use_fd < 0)
		return mount->use_fd;
	r = open_parts(store, image, mount->use_fd, &parts);
	if (r >= 0)
		r = choose(store, image, which, &parts, mount);
	if (r < 0) {
		image_mount_close(mount);
		return r;
	}
	log_info("image %s: mounted as \"%s\"%s%s", image->name,
		image_mount_kind_names[mount->kind], mount->reason ? ": " : "",
		mount->reason ? mount->reason : "");
	return 0;
}

int image_mount_single(int fd, const char *name, struct image_mount *mount)
{
	const struct parts parts = { &fd, 1 };
	int r;

	*mount = IMAGE_MOUNT_NONE;
	r = mount_files(&parts, mount);
	if (r == -ENOTBLK) {
		mount->kind = IMAGE_MOUNT_LOOP;
		r = mount_loop(&parts, mount);
	}
	if (r < 0)
		return error_set(r, "cannot mount %s: %s", name, why_not(r));
	log_info("image %s: mounted as \"%s\"", name, image_mount_kind_names[mount->kind]);
	return 0;
}

void image_mount_close(struct image_mount *mount)
{
	file_close(&mount->fd);
	file_close(&mount->use_fd);
	free(TAKE_PTR(mount->reason));
}

static int make_folder(int folder_fd, const char *name)
{
	if (mkdirat(folder_fd, name, 0755) < 0 && errno != EEXIST)
		return error_errno(errno, "cannot make \"%s\" for the overlay", name);
	return 0;
}

/* A comma or colon in a path would be read as another option; descriptors have none. */
int image_overlay(const char *lower, const char *folder)
{
	_cleanup_close_ int lower_fd = open(lower, O_PATH | O_DIRECTORY | O_CLOEXEC);
	_cleanup_close_ int folder_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_cleanup_close_ int fs = -EBADF;
	char path[3][64];
	int fd;

	if (lower_fd < 0 || folder_fd < 0)
		return error_errno(errno, "overlay: %s", lower_fd < 0 ? lower : folder);
	if (make_folder(folder_fd, "upper") < 0 || make_folder(folder_fd, "work") < 0)
		return -EACCES;
	fs = sys_fsopen("overlay");
	(void)snprintf(path[0], sizeof(path[0]), "/proc/self/fd/%d", lower_fd);
	(void)snprintf(path[1], sizeof(path[1]), "/proc/self/fd/%d/upper", folder_fd);
	(void)snprintf(path[2], sizeof(path[2]), "/proc/self/fd/%d/work", folder_fd);
	if (fs < 0 || sys_fsconfig(fs, FSCONFIG_SET_STRING, "lowerdir", path[0]) < 0 ||
		sys_fsconfig(fs, FSCONFIG_SET_STRING, "upperdir", path[1]) < 0 ||
		sys_fsconfig(fs, FSCONFIG_SET_STRING, "workdir", path[2]) < 0 ||
		(process_is_rootless() &&
			sys_fsconfig(fs, FSCONFIG_SET_FLAG, "userxattr", NULL) < 0) ||
		sys_fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL) < 0)
		return error_errno(errno, "cannot put an overlay in %s over the image", folder);
	fd = sys_fsmount(fs, 0);
	return fd < 0 ? error_errno(errno, "cannot put an overlay in %s over the image", folder)
		      : fd;
}
