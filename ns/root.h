/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_NS_ROOT_H
#define HULL_NS_ROOT_H

/*
 * The container's root file system (config.md "Root"): cloned as a detached
 * mount by the runtime, attached to its own path in the new mount namespace by the container's
 * process, furnished through its descriptor, and switched to at the end.
 */
#include "ns/plan.h"

/* In the runtime: a detached clone of the rootfs, relative to the bundle. A descriptor or an error. */
int root_tree_open(const struct config *config, int bundle_fd);

/*
 * In the container's process: cut this mount namespace off from the host's and
 * attach the root. The plan's descriptor then serves for all look-ups.
 */
int root_attach(const struct container_plan *plan);

/* Make the attached root "/", leave the old one behind; read-only if the config says so. */
int root_switch(const struct container_plan *plan);

#endif
