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
int host_rdt_remove(const struct container *container);
void host_rdt_write_stats(const struct container *container, struct json_writer *writer);

#endif
