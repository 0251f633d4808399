/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_MICROVM_GUEST_NETWORK_H
#define HULL_MICROVM_GUEST_NETWORK_H

#include <sys/types.h>

/*
 * Do what the network file at PATH says (struct session_interface): find the interface, move it
 * into the network namespace of CONTAINER under its name and index, and set it up there. In a
 * process of its own, which stays in that namespace. 0 or a negative errno with a message.
 */
int network_give(const char *path, pid_t container);

#endif
