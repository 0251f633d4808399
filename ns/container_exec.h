/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_NS_CONTAINER_EXEC_H
#define HULL_NS_CONTAINER_EXEC_H

#include "ns/plan.h"

/*
 * A further process in a running container (`exec`), in three steps around the
 * moment when the container can see it. All take a struct container_plan.
 *
 * The first runs while the process has joined nothing yet, and hides it. The
 * second runs in a helper outside the container's pid namespace, after the
 * other namespaces were joined: limits, labels, ids and capabilities, and no
 * descriptor left that the container could reach through /proc. The third is the
 * process itself: whoever traces it gains nothing that the container lacks.
 */
int container_exec_begin(void *context);
int container_exec_prepare(void *context);
void container_exec(void *context) __attribute__((noreturn));

#endif
