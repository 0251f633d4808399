/* SPDX-License-Identifier: Apache-2.0 */
#include "image/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/process.h"
#include "base/syscall.h"
#include "image/mount.h"
#include "image/user_namespace.h"

/* No container has a name with a dot in front. */
#define FOLDER_NAME ".image"

static int make_folders(const char *path)
{
	_cleanup_free_ char *folder = string_copy(path);

	for (char *slash = folder + 1; (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		(void)mkdir(folder, 0755);
		*slash = '/';
	}
	/* The sticky bit keeps it from those who tidy up the folder of a session (XDG). */
	if (mkdir(folder, geteuid() ? 01700 : 0700) < 0 && errno != EEXIST)
		return error_errno(errno, "cannot make the state folder %s", path);
	return 0;
}

static int make_place(struct sandbox *sandbox, const char *state_folder)
{
	_cleanup_free_ char *real = NULL;
	int r = make_folders(state_folder);

	if (r < 0)
		return r;
	real = realpath(state_folder, NULL);
	if (!real)
		return error_errno(errno, "state folder %s", state_folder);
	sandbox->path = string_format("%s/" FOLDER_NAME, real);
	if (mkdir(sandbox->path, 0700) < 0 && errno != EEXIST)
		return error_errno(errno, "cannot make %s", sandbox->path);
	return 0;
}

static int fill_place(struct sandbox *sandbox)
{
	/* Nothing that happens here is seen outside; what is mounted outside is seen here. */
	if (sys_mount(NULL, "/", NULL, MS_SLAVE | MS_REC, NULL) < 0)
		return error_errno(errno, "cannot make the mounts private");
	/* Its files are shown in the container, so whoever runs there must reach them. */
	if (sys_mount("hull", sandbox->path, "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755") < 0)
		return error_errno(errno, "cannot mount a tmpfs on %s", sandbox->path);
	sandbox->fd = open(sandbox->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (sandbox->fd < 0)
		return error_errno(errno, "%s", sandbox->path);
	if (mkdirat(sandbox->fd, "lower", 0755) < 0 || mkdirat(sandbox->fd, "rootfs", 0755) < 0)
		return error_errno(errno, "cannot make folders in %s", sandbox->path);
	return 0;
}

int sandbox_enter(struct sandbox *sandbox, const char *state_folder)
{
	int r = make_place(sandbox, state_folder);

	if (r < 0)
		return r;
	if (geteuid() != 0) {
		r = user_namespace_enter(CLONE_NEWNS, &sandbox->tty_group);
		if (r < 0)
			return r;
	} else if (unshare(CLONE_NEWNS) < 0) {
		return error_errno(errno, "cannot make a mount namespace");
	}
	sandbox->user_namespace = process_is_rootless();
	return fill_place(sandbox);
}

static int attach(int mount_fd, const struct sandbox *sandbox, const char *name)
{
	if (sys_move_mount(mount_fd, "", sandbox->fd, name, MOVE_MOUNT_F_EMPTY_PATH) < 0)
		return error_errno(errno, "cannot mount on %s/%s", sandbox->path, name);
	return 0;
}

int sandbox_attach(struct sandbox *sandbox, struct image_mount *lower, const char *kept)
{
	_cleanup_free_ char *lower_path = string_format("%s/lower", sandbox->path);
	_cleanup_close_ int overlay_fd = -EBADF;
	int r = attach(lower->fd, sandbox, "lower");

	if (r < 0)
		return r;
	overlay_fd = image_overlay(lower_path, kept ? kept : sandbox->path);
	if (overlay_fd < 0)
		return overlay_fd;
	r = attach(overlay_fd, sandbox, "rootfs");
	if (r < 0)
		return r;
	sandbox->root_fd = openat(sandbox->fd, "rootfs", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (sandbox->root_fd < 0)
		return error_errno(errno, "%s/rootfs", sandbox->path);
	/* hull holds the image in the store for as long as it stands in front of the container. */
	if (lower->use_fd >= 0 && fcntl(TAKE_FD(lower->use_fd), F_SETFD, 0) < 0)
		return error_errno(errno, "cannot keep the image");
	return 0;
}

int sandbox_mount(struct sandbox *sandbox, struct store *store, const struct store_image *image,
	const char *kept)
{
	_cleanup_image_mount_ struct image_mount lower = IMAGE_MOUNT_NONE;
	_cleanup_store_ struct store *inside = NULL;
	/* Descriptors from outside belong to the mounts there, which cannot be cloned from here. */
	int r = store_open(store_path(store), &inside);

	if (r >= 0)
		r = image_mount(inside, image, -1, &lower);
	return r < 0 ? r : sandbox_attach(sandbox, &lower, kept);
}

void sandbox_close(struct sandbox *sandbox)
{
	file_close(&sandbox->root_fd);
	file_close(&sandbox->fd);
	free(sandbox->path);
	*sandbox = SANDBOX_NONE;
}
