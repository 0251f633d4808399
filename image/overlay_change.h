/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_IMAGE_OVERLAY_CHANGE_H
#define HULL_IMAGE_OVERLAY_CHANGE_H

/* What a container has changed in its root file system, where that is an overlay. */
#include "base/memory.h"

struct overlay {
	const char *upper;	   /* NULL: PATH is no overlay, or a read-only one */
	struct string_list lowers; /* the uppermost first */
};

/* Look at the mount on PATH, an absolute path without links. Negative errno with a message. */
int overlay_find(struct arena *arena, const char *path, struct overlay *overlay);

/*
 * Write the changes as a tar to FD. Names of what is gone are added to REMOVED: from the root on,
 * with "/" in front. Negative errno with a message.
 */
int overlay_changes(
	struct arena *arena, const struct overlay *overlay, int fd, struct string_list *removed);

#endif
