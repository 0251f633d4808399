/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_IMAGE_USER_H
#define HULL_IMAGE_USER_H

#include <stdint.h>

#include "base/memory.h"

/* Who a program of an image runs as (image-spec, config.md "User"). */
struct image_user {
	uint32_t uid, gid;
	uint32_t *groups; /* further ones */
	size_t group_count;
	const char *home; /* "/" where the image does not know the user */
};

/*
 * TEXT is "USER[:GROUP]" in names or numbers; NULL or "" is root. Names are those of
 * etc/passwd and etc/group below ROOT_FD. A number needs no line there. Without GROUP it is
 * the user's, and further ones are those that name him. -EINVAL with a message.
 */
int image_user_find(struct arena *arena, int root_fd, const char *text, struct image_user *user);

#endif
