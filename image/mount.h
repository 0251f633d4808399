/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_IMAGE_MOUNT_H
#define HULL_IMAGE_MOUNT_H

/*
 * An image as a read-only file system, by the best way that this kernel and this
 * user have: the merged EROFS index with the layers' tars as its devices, from the
 * files (Linux 6.12), else from loop devices; where mount(2) of EROFS is not
 * allowed, unpacked once into a folder of the store. And an overlay over it.
 */
#include <stdbool.h>

#include "image/store.h"

enum image_mount_kind {
	IMAGE_MOUNT_FILES, /* EROFS on the files themselves */
	IMAGE_MOUNT_LOOP,  /* EROFS on loop devices, which go with the mount */
	IMAGE_MOUNT_FOLDER /* trees/HEX in the store */
};

struct image_mount {
	enum image_mount_kind kind;
	/*
	 * A detached mount (fsmount(2), open_tree(2)) for move_mount(2): in nobody's mount
	 * table, gone when it is closed and was not attached.
	 */
	int fd;
	/* Holds the image in the store while it is open, also in a program executed later. */
	int use_fd;
	char *reason; /* why it is not a better kind; NULL for IMAGE_MOUNT_FILES */
};

#define IMAGE_MOUNT_NONE ((struct image_mount){ .fd = -EBADF, .use_fd = -EBADF })

/*
 * Needs CAP_SYS_ADMIN over the mount namespace; a user has that in a user namespace of his
 * own. WHICH < 0: choose; else this kind or an error. The choice and its reason are
 * logged (info). Negative errno with a message.
 */
int image_mount(
	struct store *store, const struct store_image *image, int which, struct image_mount *mount);

/* The same of an image in one file (image/single.h), which needs no store; never as a folder. */
int image_mount_single(int fd, const char *name, struct image_mount *mount);
void image_mount_close(struct image_mount *mount);

#define _cleanup_image_mount_ __attribute__((cleanup(image_mount_close)))

/*
 * An overlay with the folder LOWER below and FOLDER/upper (made where missing, with
 * FOLDER/work) above it. LOWER must be attached to this mount namespace. In a user
 * namespace with the option userxattr. A detached mount, or a negative errno with a message.
 */
int image_overlay(const char *lower, const char *folder);

extern const char *const image_mount_kind_names[]; /* "files", "loop", "folder" */

#endif
