/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_IMAGE_TRANSFER_H
#define HULL_IMAGE_TRANSFER_H

/* From any transport to any: which source and which target that takes. */
#include "image/copy.h"
#include "image/reference.h"
#include "image/registry.h"

struct transfer {
	const char *store; /* its folder; NULL: the default one */
	struct registry_settings from_settings, to_settings;
	const struct reference *from, *to;
	const struct platform *platform;
	bool all, quiet, keep_blobs;
	/* Layers of the store, in a file: as they are (the default of an archive is gzip). */
	bool uncompressed;
};

/* RESULT's manifest says under which digest the image is in the target. */
int image_transfer(
	struct arena *arena, const struct transfer *transfer, struct copy_result *result);

#endif
