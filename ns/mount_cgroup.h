/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_NS_MOUNT_CGROUP_H
#define HULL_NS_MOUNT_CGROUP_H

#include "ns/mount_option.h"
#include "ns/plan.h"

/*
 * The container's view of its cgroups at a target (config-linux.md "Cgroup
 * ownership" and the default mounts): its own group of v2, or a folder with one
 * of every v1 hierarchy.
 */
int mount_cgroup(
	const struct container_plan *plan, const struct mount_options *options, int target_fd);

#endif
