/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_IMAGE_PROBE_H
#define HULL_IMAGE_PROBE_H

/* What is in an image, seen without running anything of it. */
#include "base/json.h"
#include "image/store.h"

struct probe {
	const char *kernel_least;    /* that its C library works with: "3.2.0"; NULL: not known */
	const struct json *packages; /* an object: names and versions, of dpkg's or apk's records */
};

/*
 * Mount the image in a process of its own and look at it. STATE_FOLDER as for
 * image/sandbox.h. Negative errno with a message.
 */
int probe_image(struct arena *arena, struct store *store, const struct store_image *image,
	const char *state_folder, struct probe *probe);

#endif
