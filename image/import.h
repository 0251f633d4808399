/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_IMAGE_IMPORT_H
#define HULL_IMAGE_IMPORT_H

/* Root file systems as images: tars and folders, which have no manifest. */
#include "image/copy.h"
#include "image/reference.h"
#include "image/store.h"

/*
 * An image of one layer out of tar:FILE (plain, gzip or zstd) or dir:DIR. The same files
 * give the same digests: its time is $SOURCE_DATE_EPOCH or none. Negative errno, a message.
 */
int image_import_root(struct store *store, const struct reference *from, const char *name,
	const struct platform *platform, struct copy_result *result);

#endif
