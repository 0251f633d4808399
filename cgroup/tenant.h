/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_CGROUP_TENANT_H
#define HULL_CGROUP_TENANT_H

/*
 * Tenants: who pays is who shares. A tenant is one level of groups between the group
 * above and the containers' own, so that weights compete between tenants first and
 * inside a tenant second:
 *
 *   /a/b/ID          becomes  /a/b/hull-tenant-NAME/ID
 *   x.slice:p:ID     becomes  x-hull_tenant_NAME.slice:p:ID
 *
 * The level is made with the first container in it and removed behind the last one.
 * docs/fair-sharing.md is what users read.
 */
#include <stdbool.h>

#include "cgroup/cgroup.h"
#include "spec/config.h"

/* What a level has, besides the containers. */
struct tenant_level {
	const char *name; /* of the tenant */
	/* Of cpu and memory; NULL: only to find a group again. */
	const struct config_resources *limits;
	/* Nobody but containers tell the weight, so those that run already must agree. */
	bool only_annotated;
};

/*
 * Let CGROUP, which is planned but not made, stand in a tenant's level. LEVEL has to
 * live until cgroup_start, which with cgroup_create makes the level and sets its limits.
 * -EOPNOTSUPP with a message where there is no group, or none that can lie in a level.
 */
int cgroup_join_tenant(struct cgroup *cgroup, const struct tenant_level *level);

/*
 * The level that the group of a container is in, by what cgroup_saved gave, in the same
 * form: for cgroup_open. NULL when it is in none. Free it. Pure.
 */
char *cgroup_tenant_level(const char *saved);

/*
 * Set the limits of an existing level: either all of them or none. A level that is not
 * there is fine.
 */
int cgroup_set_level(const char *level, const struct config_resources *limits);

/* Remove a level that holds no group any more; one that does stays. */
int cgroup_remove_level(const char *level);

/* Does this machine give groups a real-time budget of their own (v1 alone)? */
bool cgroup_has_realtime(void);

/* The inside of cgroup/: of names and paths, and what cgroup_create and systemd's start do. */
bool tenant_is_level(const char *component);
char *tenant_slice(const char *slice, const char *tenant);
int tenant_apply(const struct cgroup *cgroup);
void tenant_undo(const struct cgroup *cgroup);

#endif
