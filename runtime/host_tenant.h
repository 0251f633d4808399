/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_RUNTIME_HOST_TENANT_H
#define HULL_RUNTIME_HOST_TENANT_H

/*
 * A container's way into its tenant and out of it. A container without one costs
 * nothing: no function here makes a system call for it.
 */
#include "cgroup/tenant.h"
#include "runtime/container.h"
#include "runtime/tenants.h"

/* The tenant of a container that is being made; locked until host_tenant_close. */
struct host_tenant {
	struct tenants tenants;
	struct tenant_level level; /* name NULL: the container is in none */
};

#define HOST_TENANT_NONE                                                                           \
	(struct host_tenant)                                                                       \
	{                                                                                          \
		.tenants = {.folder_fd = -EBADF }                                                  \
	}

/*
 * What the annotations of CONFIG ask for: a tenant of tenants.json, or one that exists for
 * the time of its containers, with the weight of the annotation. -ENOENT for a tenant that
 * nobody knows, -EINVAL for a weight that contradicts the file.
 */
int host_tenant_open(struct host_tenant *tenant, const struct config *config);
void host_tenant_close(struct host_tenant *tenant);

#define _cleanup_host_tenant_ __attribute__((cleanup(host_tenant_close)))

/* The container's group, which is planned, will lie in the tenant's level: for the record. */
int host_tenant_join(
	const struct host_tenant *tenant, struct container *container, struct cgroup *cgroup);

/* The record says so, and is saved: from now on the tenant is in use. */
int host_tenant_enter(const struct host_tenant *tenant, const struct container *container);

/* The container's CGROUP is gone (NULL: never was): remove the level, if this was its last one. */
void host_tenant_leave(const struct container *container, const struct cgroup *cgroup);

/*
 * Where a container without a record would be: its CGROUP is found as the one that
 * config.json's annotations put into a tenant.
 */
int host_tenant_find(const struct config *config, struct cgroup *cgroup);

#endif
