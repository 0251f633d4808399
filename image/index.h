/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_IMAGE_INDEX_H
#define HULL_IMAGE_INDEX_H

/*
 * The merged index of an image: indexes/CHAINID.erofs, the file system of all its
 * layers (image/tree.h, image/erofs.h), whose data are the layers' tars.
 */
#include "image/layer_table.h"
#include "image/store.h"
#include "image/tree.h"

/* Make it where it is missing. Negative errno with a message, also for layers that do not fit. */
int index_make(struct store *store, const struct store_image *image);

/* The index in memory, always the same bytes for the same layers. */
int index_build(
	struct store *store, const struct store_layer *layers, size_t count, struct buffer *index);

/* The same for a file in which the tars stand behind it (image/single.h). */
int index_build_single(
	struct store *store, const struct store_layer *layers, size_t count, struct buffer *index);

/*
 * The layers applied to a tree that has begun. TABLES, one a layer and all zero, must live as
 * long as the tree.
 */
int index_tree(struct store *store, const struct store_layer *layers, size_t count,
	struct layer_table *tables, struct tree *tree);

/*
 * Open it (made where it is missing), locked shared: nobody takes the image's layers away
 * while the descriptor, or a copy of it, is open. Negative errno with a message.
 */
int index_open(struct store *store, const struct store_image *image);

#endif
