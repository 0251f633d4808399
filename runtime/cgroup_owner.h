/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_RUNTIME_CGROUP_OWNER_H
#define HULL_RUNTIME_CGROUP_OWNER_H

/* Whose the container's cgroup is (config-linux.md, "Cgroup ownership"). */
#include "cgroup/cgroup.h"
#include "spec/config.h"

/*
 * Give it to process.user, so that an init system inside can make groups of its
 * own: where the container has a new cgroup namespace and sees its group
 * writable. Elsewhere it stays root's. 0 or an error with a message.
 */
int cgroup_owner_set(const struct cgroup *cgroup, const struct config *config);

#endif
