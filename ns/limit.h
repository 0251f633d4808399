/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_NS_LIMIT_H
#define HULL_NS_LIMIT_H

#include "ns/plan.h"

/*
 * What bounds the process itself: rlimits, oomScoreAdj, scheduler, ioPriority
 * (config.md), personality and memoryPolicy (config-linux.md). Called while it is
 * still privileged. 0 or an error with a message.
 */
int limit_all(const struct container_plan *plan);

/* Run on these CPUs ("0-3,7") from now on; execCPUAffinity of config.md. */
int limit_affinity(const char *cpus, const char *field);

#endif
