/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_NS_CONTAINER_INIT_H
#define HULL_NS_CONTAINER_INIT_H

#include "ns/plan.h"

/*
 * The life of a container's first process from clone3 to execve, in the order
 * of runtime.md "Lifecycle". CONTEXT is a struct container_plan. It talks to the
 * runtime over plan->socket_fd:
 *
 *   child                               runtime
 *     (sometimes)              ← GO       id mappings are written, network devices moved
 *     HOOKS →                             runs prestart and createRuntime
 *                              ← GO
 *     TERMINAL + descriptor →
 *     LISTENER + descriptor →             passes it on to the seccomp agent
 *                              ← GO
 *     READY →                             writes the state, the pid file
 *                              ← RELEASE  the container is created
 *     … waits for exec.fifo, then executes; the socket closes …
 *     ERROR with a message →              at any point instead
 *
 * The listener is that of a seccomp filter which notifies; for `run` and `exec` it
 * comes last, after RELEASE.
 *
 * For `run` the state is written while the child works, and RELEASE lies in the
 * socket before the child asks for it: nobody waits for anybody.
 *
 * Without a runtime at the other end the child ends by itself.
 */
/* True when the runtime has something to do in the namespaces first, and says GO then. */
bool container_init_waits(const struct container_plan *plan);

void container_init(void *context) __attribute__((noreturn));

#endif
