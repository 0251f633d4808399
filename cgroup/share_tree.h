/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_CGROUP_SHARE_TREE_H
#define HULL_CGROUP_SHARE_TREE_H

/*
 * The groups between the root of the hierarchy with the cpu controller and some
 * containers, and all that stand beside them: whoever competes. Whether the
 * machine has v1, v2 or both, weights, quotas, CPUs and usage of each
 * are read at every reading, and cgroup/share.h says who was entitled to what.
 *
 * Processes that stand beside groups (v1 allows that anywhere, v2 in the
 * root) are counted with what they used. The tree begins at the group that this
 * process sees as the root.
 */
#include <stdint.h>

#include "cgroup/cgroup.h"
#include "cgroup/kept_file.h"
#include "cgroup/stolen.h"

struct share_tree;
struct share_node;

/* Makes no sense without a cgroup (-EOPNOTSUPP). 0, or a negative errno with a message. */
int share_tree_open(struct share_tree **tree, const struct cgroup *like, struct kept_files *kept);
void share_tree_close(struct share_tree **tree);

#define _cleanup_share_tree_ __attribute__((cleanup(share_tree_close)))

/* The group of a container; it stays until share_tree_drop, also when it is gone. */
struct share_node *share_tree_add(struct share_tree *tree, const struct cgroup *cgroup);
void share_tree_drop(struct share_tree *tree, struct share_node *node);

/* Before share_tree_read: what a meter told of an added group since the last time. */
void share_node_tell(struct share_node *node, const struct stolen *between);

/*
 * Read all the others and divide. After the first reading there is no interval
 * yet, and nothing is known.
 */
void share_tree_read(struct share_tree *tree);

/* The CPUs that the group was entitled to since the last reading; NAN: not known. */
double share_node_entitled(const struct share_node *node);

/* What it was entitled to, wanted and did not get, in CPUs; NAN: not known. */
double share_node_deficit(const struct share_node *node);

/* The group above, NULL for the root, and the last part of a group's path. */
struct share_node *share_node_above(const struct share_node *node);
const char *share_node_name(const struct share_node *node);

#endif
