/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_NS_NETWORK_DEVICE_H
#define HULL_NS_NETWORK_DEVICE_H

#include "spec/config.h"

/* What was moved, until it is known that the container exists. */
struct network_move;

/*
 * Move linux.netDevices (config-linux.md "Network Devices") from the network
 * namespace that the caller is in to that of TARGET_FD, each with its new name in
 * one step ("eth%d": the first number that is free). They keep what the kernel
 * keeps (MTU, hardware address) and their permanent addresses of global scope, and
 * are set up.
 *
 * Nothing is moved before all are known to exist and to have a free name, and when
 * one cannot be moved, those before it are returned. What was moved is the
 * namespace's: the kernel returns physical devices to the host when it ends and
 * deletes the others. 0 or a negative errno with a message.
 */
int network_devices_move(const struct config *config, int target_fd, struct network_move **move);

/*
 * The container came to nothing: back with all of them, with name and addresses,
 * and up if they were. What fails is a warning; the error that is recorded stays.
 */
void network_devices_return(struct network_move *move);
void network_move_free(struct network_move *move);

#endif
