/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_IMAGE_LOCKED_H
#define HULL_IMAGE_LOCKED_H

/* Does this machine, with this store, have what a lock file pins? */
#include "image/lock_file.h"

/*
 * The image of the lock in the store, which is asked alone, with every digest held against the
 * lock's; and the kernel and the inputs. -ENOENT when something is missing, -EBADMSG when it
 * differs, with a message that says what. *IMAGE is then what to run.
 */
int locked_find(struct arena *arena, const char *name, const struct lock *lock, struct store *store,
	struct store_image **image);

/* The same of an image that was found: does it, and this machine, fit? */
int locked_check(const char *name, const struct lock *lock, const struct store_image *image);

#endif
