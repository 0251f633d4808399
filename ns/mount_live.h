/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_NS_MOUNT_LIVE_H
#define HULL_NS_MOUNT_LIVE_H

#include "spec/config.h"

/*
 * Mounts of a container that runs. Whoever calls these is in its mount namespace (and
 * in its user, network and ipc namespaces, whose file systems it may mount), but not in
 * its pid namespace: nothing inside can see the caller, let alone trace it. ROOT_FD is the
 * container's root; all paths are looked up below it, as when the container is made.
 */

/* config->mounts: TREES has the clone of each bind mount's source, else -1. All, or none. */
int mount_live_add(const struct config *config, const int *trees, int root_fd);

/* What is mounted at the destinations of config->mounts. Stops at the first that is not there. */
int mount_live_remove(const struct config *config, int root_fd);

#endif
