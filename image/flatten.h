/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_IMAGE_FLATTEN_H
#define HULL_IMAGE_FLATTEN_H

/* An image's file system outside the store: all its layers merged. */
#include "image/store.h"

/* As one tar, always the same bytes, to FD. Negative errno with a message. */
int image_flatten(struct store *store, const struct store_image *image, int fd);

/* In the folder PATH, which must be empty or not there. Negative errno with a message. */
int image_export_folder(struct store *store, const struct store_image *image, const char *path);

#endif
