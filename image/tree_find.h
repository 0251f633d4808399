/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_IMAGE_TREE_FIND_H
#define HULL_IMAGE_TREE_FIND_H

/* Names and ways in a tree; the inside of image/tree.c. */
#include "image/tree.h"

struct tree_entry *tree_find(
	const struct tree *tree, const struct tree_inode *folder, const char *name, size_t length);
struct tree_entry *tree_add(struct tree *tree, struct tree_inode *folder, const char *name,
	size_t length, struct tree_inode *inode);
/* With all that is below it. */
void tree_remove(struct tree *tree, struct tree_entry *entry);

struct tree_inode *tree_make_folder(struct tree *tree);

/*
 * The folder that holds PATH's last component, by links inside the tree; *NAME gets the
 * component, of *LENGTH bytes, 0 for the root itself. Folders that are missing are made
 * when MAKE is true, else *FOLDER is NULL. All on the way is marked as this layer's.
 * -EBADMSG with a message that does not name the entry.
 */
int tree_walk(struct tree *tree, const char *path, bool make, struct tree_inode **folder,
	const char **name, size_t *length);

#endif
