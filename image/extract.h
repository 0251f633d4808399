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
 * Is the folder, when there is one, what the layers give? 0, or 1 with the first difference in
 * PROBLEM: "etc/passwd has other contents". Negative errno with a message when it cannot look.
 */
int extract_check(struct store *store, const struct store_image *image, struct buffer *problem);

/* Take trees/NAME away. Negative errno, no message. */
int extract_remove(struct store *store, const char *name);

/*
 * What users of the image own in the folders of an ordinary user is out of his reach, but in
 * a user namespace with his ranges: enter one where there are such folders. Without one
 * everything goes on as it can.
 */
void extract_reach(struct store *store);

/*
 * Write TREE into the empty folder. TARS[layer] are descriptors of the tars. Negative errno
 * with a message.
 */
int extract_tree(struct tree *tree, const int *tars, int folder_fd);

/*
 * NULL when the folder is as extract_tree() left it, else what is wrong with WAY, the name from
 * the folder on. ROOTLESS: an ordinary user wrote it.
 */
const char *extract_compare(
	struct tree *tree, const int *tars, int folder_fd, bool rootless, struct buffer *way);

#endif
