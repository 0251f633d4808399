/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_IMAGE_SANDBOX_H
#define HULL_IMAGE_SANDBOX_H

/*
 * Where a bundle is made: a mount namespace of this process alone, with a file
 * system in memory on one folder that is always the same. hull, executed from
 * here, runs the container in it; with the last process the namespace ends, and
 * the bundle, the mounts and what was changed in the container with it. So there
 * is nothing to clean up, whoever is killed when.
 *
 * A user gets a user namespace first, in which he is root, with his ranges of
 * /etc/subuid and /etc/subgid: what rootless engines do too.
 */
#include <stdbool.h>

#include "image/mount.h"
#include "image/store.h"

struct sandbox {
	char *path; /* of the folder, absolute */
	int fd;
	int root_fd; /* of rootfs/ in it, once it is there */
	bool user_namespace;
	bool tty_group; /* group 5 is mapped */
};

#define SANDBOX_NONE ((struct sandbox){ .fd = -EBADF, .root_fd = -EBADF })

/* Enter one; STATE_FOLDER is that of hull's containers, made if missing. -errno with a message. */
int sandbox_enter(struct sandbox *sandbox, const char *state_folder);

/*
 * Mount the image on rootfs/ below an overlay. What is changed stays in KEPT/upper, or
 * with KEPT NULL in memory. Negative errno with a message.
 */
int sandbox_mount(struct sandbox *sandbox, struct store *store, const struct store_image *image,
	const char *kept);

/* The same of an image that is mounted already, by whoever owns LOWER. */
int sandbox_attach(struct sandbox *sandbox, struct image_mount *lower, const char *kept);
void sandbox_close(struct sandbox *sandbox);

#define _cleanup_sandbox_ __attribute__((cleanup(sandbox_close)))

#endif
