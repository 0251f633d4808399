/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_CGROUP_WALK_H
#define HULL_CGROUP_WALK_H

/*
 * All groups below one. A container that may write its own cgroup makes as many
 * and as deep ones as it likes, so neither recursion nor a descriptor for each
 * level will do.
 */

/* FOLDER_FD: the group above the one called NAME. A negative errno ends the walk. */
typedef int walk_visit(int folder_fd, const char *name, void *argument);

/* Call VISIT on every group below FOLDER_FD, deepest first. A negative errno, no message. */
int walk_groups(int folder_fd, walk_visit *visit, void *argument);

#endif
