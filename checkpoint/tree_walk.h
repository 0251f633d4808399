/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_CHECKPOINT_TREE_WALK_H
#define HULL_CHECKPOINT_TREE_WALK_H

#include "checkpoint/tree_entry.h"

/*
 * Add what is below ROOT_FD to the list, in the order of tree_compare; what vanishes meanwhile is
 * left out. Whoever writes to the tree may be hostile. Mounts in it are not looked into. 0 or a
 * negative errno with a message.
 */
int tree_walk(int root_fd, struct tree_list *list);

/*
 * Of NOW what is not the same as BEFORE, in CHANGES, whose texts are those of the two; names that
 * are gone come first. SINCE: when BEFORE was walked, in nanoseconds since 1970: a file that was
 * changed within the tick of the clock before may have been changed once more.
 */
void tree_changes(const struct tree_list *before, const struct tree_list *now, int64_t since,
	struct tree_list *changes);

#endif
