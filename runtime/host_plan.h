/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_RUNTIME_HOST_PLAN_H
#define HULL_RUNTIME_HOST_PLAN_H

/*
 * What ns/ needs to make a process on the host, put together from the
 * configuration, the command line and the cgroup; owns every descriptor in it.
 */
#include "cgroup/cgroup.h"
#include "ns/plan.h"
#include "runtime/isolation.h"

struct host_plan {
	struct container_plan init;
	struct namespace_set namespaces;
	struct seccomp_program seccomp;
	struct cgroup *cgroup;
	struct plan_cgroup_view *views;
	struct config_console_size console_size;
	struct network_move *devices; /* linux.netDevices that are the container's now */
	bool by_clone;		      /* clone3 puts the process into the v2 group */
};

int host_plan_prepare(struct host_plan *plan, const struct container *container, int bundle_fd,
	const struct process_request *request);
int host_plan_prepare_exec(struct host_plan *plan, const struct container *container,
	const struct process_request *request);
int host_plan_set_cgroup(struct host_plan *plan, struct cgroup *cgroup);

/* Make the process: of a new container, or beside that of PIDFD. */
int host_plan_spawn(struct host_plan *plan, struct process_handle *handle);

/* Before the process is let go on: what it cannot do from inside, linux.netDevices. */
int host_plan_furnish(struct host_plan *plan, const struct process_handle *handle);
/* The container came to nothing: what was given to it is taken back. The error stays recorded. */
void host_plan_take_back(struct host_plan *plan);
int host_plan_spawn_beside(struct host_plan *plan, int pidfd, struct process_handle *handle);
void host_plan_free(struct host_plan *plan);

#define _cleanup_host_plan_ __attribute__((cleanup(host_plan_free)))
#define HOST_PLAN_NONE                                                                             \
	{                                                                                          \
		.init = { .socket_fd = -1, .proc_fd = -1, .fifo_fd = -1, .root_tree_fd = -1 },     \
		.namespaces = { .join_fds = { -1, -1, -1, -1, -1, -1, -1, -1, -1 } },              \
	}

#endif
