/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_IMAGE_LAUNCH_H
#define HULL_IMAGE_LAUNCH_H

/* From an image in the store and a shape to a running container. */
#include "image/command.h"
#include "image/mount.h"
#include "image/shape.h"
#include "image/store.h"

/* The exit codes of an engine: something of ours failed, or a wrong command line. */
#define LAUNCH_FAILED 125

struct launch {
	const struct global_options *global;
	struct store *store;
	struct image_mount *mount; /* the image's, when it is in no store; else NULL */
	const struct store_image *image;
	const struct shape *shape;
	const char *name;    /* NULL: made from the image's */
	const char *overlay; /* where changes are kept, or NULL */
	bool detach;
};

/*
 * What TEXT names in the store, pulled first when PULL ("missing", "always",
 * "never"; NULL is the first) says so. Negative errno with a message.
 */
int launch_find_image(struct arena *arena, struct store *store, const char *reference,
	const struct run_options *options, struct store_image **image);

/* What the image says about running it. */
int launch_read_config(struct arena *arena, struct store *store, const struct store_image *image,
	struct image_config *config);

/*
 * Make the sandbox and the bundle in it, and all that a program inherits. *WORDS is
 * then the command line of hull that runs the container. Negative errno with a message.
 */
int launch_prepare(struct arena *arena, const struct launch *launch, struct string_list *words);

#endif
