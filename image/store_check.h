/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_IMAGE_STORE_CHECK_H
#define HULL_IMAGE_STORE_CHECK_H

/*
 * Is what the store has what it says it is? Every blob and tar against its digest, every
 * table, index
 * and unpacked tree against what the tars give again, every name against what it needs.
 */
#include "image/store.h"

struct store_check {
	bool repair; /* take away what is broken */
	void (*problem)(void *context, const char *text);
	void *context;
	/* What was looked at, what was wrong, and what of that could not be taken away. */
	unsigned int blobs, layers, images, problems, kept;
	uint64_t bytes;
};

/* 0 also with problems; negative errno with a message when it could not look. */
int store_check(struct store *store, struct store_check *check);

#endif
