/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_RUNTIME_HOST_RDT_H
#define HULL_RUNTIME_HOST_RDT_H

/*
 * The container's share of caches and memory bandwidth (cgroup/rdt.h), between
 * config.json and the record. All do nothing, and look at nothing, for a container
 * without linux.intelRdt.
 */
#include <sys/types.h>

#include "runtime/container.h"

/* Record the group, then make it: a killed hull leaves nothing that is not recorded. */
int host_rdt_make(struct container *container, const struct config_intel_rdt *config);

/* Move a process of the container's into it. */
int host_rdt_enter(const struct container *container, pid_t pid);
/* The container is created: its class may be to stay behind it. */
int host_rdt_settle(struct container *container, const struct config_intel_rdt *config);

/*
 * Another schema for a container that runs; one that had no class gets one, and its
 * first process enters it. *BEFORE is for host_rdt_undo, which brings back what was.
 */
struct host_rdt_before {
	bool made;
	struct buffer schemata;
};
int host_rdt_update(struct container *container, const struct config_intel_rdt *config,
	struct host_rdt_before *before);
void host_rdt_undo(struct container *container, const struct host_rdt_before *before);
int host_rdt_remove(const struct container *container);
void host_rdt_write_stats(const struct container *container, struct json_writer *writer);

#endif
