/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_NS_MOUNT_H
#define HULL_NS_MOUNT_H

/*
 * config.json's mounts (config.md "Mounts"), by the mount API alone: a mount is
 * made detached, gets its attributes while nobody can see it, and is moved onto
 * a target that was opened below the rootfs's descriptor. There is no other path.
 */
#include "ns/plan.h"

/* In the container's process: attach all mounts below plan->root_tree_fd, in order. */
int mount_all(const struct container_plan *plan);

/* Once /dev and all else is furnished: make those read-only that had to wait for it. */
int mount_finish(const struct container_plan *plan);

/*
 * Where to look PATH up: in the procfs or sysfs that the configuration has mounted above it, or
 * else below the root. That mount can meanwhile be somewhere else than it was put: the folder under
 * it may be renamed by whoever shares the root file system. *BELOW is the rest of the path.
 */
int mount_find(const struct container_plan *plan, const char *path, const char **below);

/* A new, detached file system of TYPE with these attributes; OPTIONS up to NULL. */
int mount_filesystem(
	const char *type, const char *source, const char *const *options, unsigned int attributes);

/* Attach a detached mount to a target. */
int mount_attach(int tree_fd, int target_fd);

#endif
