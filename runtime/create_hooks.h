/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_RUNTIME_CREATE_HOOKS_H
#define HULL_RUNTIME_CREATE_HOOKS_H

#include <sys/types.h>

#include "runtime/container.h"

/*
 * Run the prestart and createRuntime hooks, if there are any, for the new process PID
 * (runtime.md, "Lifecycle", steps 3 and 4). 0 or a negative errno with a message.
 */
int create_hooks_run(const struct container *container, const struct config *config, pid_t pid);

#endif
