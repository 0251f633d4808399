/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_RUNTIME_HOST_CGROUP_H
#define HULL_RUNTIME_HOST_CGROUP_H

/* The cgroup of a container on the host, and its tenant: named in state.json before it is made. */
#include "cgroup/cgroup.h"
#include "runtime/host_tenant.h"
#include "runtime/isolation.h"

/* That of an existing container. */
int host_open_cgroup(const struct container *container, struct cgroup **cgroup);

/* Make that of a new container, or of the virtual machine that it is in; the limits hold already where cgroup_apply_comes_first. */
int host_make_cgroup(struct container *container, const struct process_request *request,
	const struct config_resources *resources, struct host_tenant *tenant,
	struct cgroup **cgroup);

/*
 * While the process sets itself up: the limits hold before it is released. From then on the
 * tenant is unlocked: hooks may make and delete other containers of it.
 */
int host_start_cgroup(struct container *container, const struct config_resources *resources,
	struct host_tenant *tenant, struct cgroup *cgroup, pid_t pid);

#endif
