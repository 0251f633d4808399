/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_RUNTIME_POPULATION_H
#define HULL_RUNTIME_POPULATION_H

/*
 * The processes of a running container that has no cgroup: those in its pid
 * namespace and in namespaces below; when it has none of its own, those in its
 * mount namespace; without that either, its first process alone. Found by
 * looking at every process of the machine. A namespace that was joined does not
 * count: others are in it too.
 */
#include <sys/types.h>

#include "runtime/container.h"

/* Free *PIDS; none when the container has ended. 0 or a negative errno with a message. */
int population_list(const struct container *container, pid_t **pids, size_t *count);

/* Send SIGNAL to all of them; fine when there is none. */
int population_signal(const struct container *container, int signal);

#endif
