/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_RUNTIME_MICROVM_NETWORK_H
#define HULL_RUNTIME_MICROVM_NETWORK_H

/*
 * The network of a microVM. Its monitor lives in the container's network namespace, as a
 * container's first process does, and that is where an engine puts interfaces: before `create` into
 * one that is joined by path, or between `create` and `start` into /proc/PID/ns/net. So `start`
 * looks there, and each interface becomes one of the guest's.
 */
#include "runtime/isolation.h"

/* True when the bundle has a network namespace, of its own or joined. */
bool microvm_network_wanted(const struct config *config);

/*
 * process_clone(0, -1, PIDFD), but the child is in the bundle's network namespace from its
 * first moment on, which is what a hook wants to find. Negative errno with a message.
 */
pid_t microvm_network_clone(const struct config *config, int *pidfd);

/*
 * Give the guest the interfaces that are in the namespace now, over a connection to the
 * monitor. When it fails, they are as they were.
 */
int microvm_network_join(const struct container *container, int socket_fd);

/* The interfaces of a namespace that outlives the container are as they were. */
void microvm_network_leave(const struct container *container);

#endif
