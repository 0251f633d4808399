/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_IMAGE_BUNDLE_H
#define HULL_IMAGE_BUNDLE_H

/*
 * A bundle (OCI runtime-spec, bundle.md) from the shape of a run: config.json
 * beside a root file system that is mounted already, and the few files that the
 * container sees of it.
 */
#include "image/shape.h"
#include "image/user.h"

struct bundle {
	const char *path;    /* the folder, absolute; its root file system is in rootfs/ */
	int fd;		     /* the folder */
	int root_fd;	     /* the root file system */
	bool user_namespace; /* in one of a user: ids and /sys are not the machine's */
	bool tty_group;	     /* group 5 is mapped */
	const char *cpus;    /* the processors that hull is bound to, as a list; NULL: not */
	bool cpuset;	     /* bind the cgroup to them too */
};

/*
 * Make the files and config.json. Users are looked up in the root file system and the working
 * folder is made there. Negative errno with a message.
 */
int bundle_make(struct arena *arena, const struct bundle *bundle, const struct shape *shape);

/* config.json alone, with a user that was found. */
int bundle_write_config(struct buffer *text, const struct bundle *bundle, const struct shape *shape,
	const struct image_user *user);

#endif
