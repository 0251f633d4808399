/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_IMAGE_EXTRACT_H
#define HULL_IMAGE_EXTRACT_H

/*
 * An image unpacked into a folder of the store, for who cannot mount its index. The
 * merged tree is written, not the layers one upon the other: each name is made
 * once, new (O_EXCL, no link is followed), in a folder that was made just before.
 */
#include "image/store.h"
#include "image/tree.h"

/*
 * The folder, made where it is missing: a descriptor, or a negative errno with a message. What
 * an ordinary user cannot do (owners, devices) is left out.
 */
int extract_open(struct store *store, const struct store_image *image);

/*
 * Write TREE into the empty folder. TARS[layer] are descriptors of the tars. Negative errno
 * with a message.
 */
int extract_tree(struct tree *tree, const int *tars, int folder_fd);

#endif
