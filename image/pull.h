/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_IMAGE_PULL_H
#define HULL_IMAGE_PULL_H

/* An image by its name, from wherever that is, into the store. */
#include "image/copy.h"
#include "image/reference.h"
#include "image/registry.h"
#include "image/store.h"

struct pull_settings {
	struct registry_settings registry;
	const struct platform *platform; /* NULL: this machine's */
	bool keep_blobs;		 /* the compressed layers too, to push them unchanged */
	bool quiet;			 /* no progress */
	const char *name;		 /* in the store; NULL: the reference's text */
};

/* What a command line that says nothing of registries means. */
#define PULL_SETTINGS_DEFAULT                                                                      \
	((struct pull_settings){ .registry = { .retries = 3, .patience = 30 } })

/* 0 or a negative errno with a message. RESULT may be NULL. */
int image_pull(struct store *store, const struct reference *reference,
	const struct pull_settings *settings, struct copy_result *result);

#endif
