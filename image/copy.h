/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_IMAGE_COPY_H
#define HULL_IMAGE_COPY_H

/*
 * Copying an image from a source to a target: every document is held against its
 * digest, what the target has is not copied, and it gets its name when all is there.
 */
#include "image/platform.h"
#include "image/source.h"
#include "image/target.h"

struct copy_settings {
	const struct platform *platform; /* that is wanted of an index; NULL: this machine's */
	bool all;			 /* the index with all its images */
	bool quiet;			 /* no progress */
	const char *name;		 /* the image's in the target, where it keeps names */
	const char *policy_file;	 /* whose signatures it needs; NULL: policy_find's files */
};

struct copy_result {
	struct digest top;	/* of what the name stands for: index or manifest */
	struct digest manifest; /* of the image; "" after --all */
	size_t layers, fetched; /* how many there are, how many came */
};

int image_copy(struct image_source *source, struct image_target *target,
	const struct copy_settings *settings, struct copy_result *result);

#endif
