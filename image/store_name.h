/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_IMAGE_STORE_NAME_H
#define HULL_IMAGE_STORE_NAME_H

/* The files of names/. */
#include "image/store.h"

/* The file of a name: '/', '%' and a dot in front as %XX. -EINVAL with a message; free it. */
int store_name_file(const char *name, char **file);

/* Read one. -ENOENT without a message. */
int store_name_read(
	struct store *store, struct arena *arena, const char *file, struct store_image **read);

#endif
