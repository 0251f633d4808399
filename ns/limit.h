/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_NS_LIMIT_H
#define HULL_NS_LIMIT_H

#include "ns/plan.h"

/*
 * What bounds the process itself: rlimits, ioPriority (config.md),
 * personality and memoryPolicy (config-linux.md). Called while it is still
 * privileged. 0 or an error with a message.
 */
int limit_all(const struct container_plan *plan);

/*
 * process.oomScoreAdj of the new process PID: done by the runtime, because in a user
 * namespace the process itself may not write it. 0 or an error with a message.
 */
int limit_oom_score(const struct container_plan *plan, pid_t pid);

/*
 * The rlimits, in two steps: while privileged only room is made for them, since
 * what is still to be done must not hit them; the last step before the program
 * sets them.
 */
int limit_resources_set(const struct config_process *process);

/*
 * process.scheduler for process PID (0: the caller), which starts no further one
 * before its program: with a deadline it could not, or would lose it.
 */
int limit_scheduler(const struct container_plan *plan, pid_t pid);

/* Run on these CPUs ("0-3,7") from now on; execCPUAffinity of config.md. */
int limit_affinity(const char *cpus, const char *field);

/* Run on every CPU that the cgroup allows, not on those of whoever called hull. */
void limit_affinity_reset(void);

#endif
