/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_NS_CONTAINER_EXEC_H
#define HULL_NS_CONTAINER_EXEC_H

#include "ns/plan.h"

/*
 * A further process in a running container (`exec`), in two steps around the
 * moment when the container can see it. Both take a struct container_plan.
 *
 * The first runs in a helper outside the container's pid namespace, after the
 * other namespaces were joined: limits, labels, ids and capabilities, and no
 * descriptor left that the container could reach through /proc. The second is the
 * process itself: whoever traces it gains nothing that the container lacks.
 */
int container_exec_prepare(void *context);
void container_exec(void *context) __attribute__((noreturn));

#endif
