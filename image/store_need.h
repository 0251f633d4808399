/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_IMAGE_STORE_NEED_H
#define HULL_IMAGE_STORE_NEED_H

/* What of the store is needed: by names, and by images that are in use without one. */
#include "image/store.h"

struct store_need {
	struct digest *items; /* sorted: blobs, diff ids, chain ids */
	size_t count, room;
};

/* By names, and IN_USE also by mounts. Negative errno with a message. */
int store_need_read(struct store *store, bool in_use, struct store_need *need);
bool store_need_has(const struct store_need *need, const struct digest *digest);
void store_need_free(struct store_need *need);

#define _cleanup_store_need_ __attribute__((cleanup(store_need_free)))

#endif
