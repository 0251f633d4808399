/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_NS_NETWORK_DEVICE_H
#define HULL_NS_NETWORK_DEVICE_H

#include "spec/config.h"

/*
 * Move linux.netDevices (config-linux.md "Network Devices") from the network
 * namespace that the caller is in to that of TARGET_FD, each with its new name in
 * one step. They keep what the kernel keeps (MTU, hardware address) and their
 * permanent addresses of global scope, and are set up.
 *
 * Nothing is moved before all are known to exist and to have a free name. What was
 * moved is the namespace's: the kernel returns physical devices to the host when it
 * ends and deletes the others. 0 or a negative errno with a message.
 */
int network_devices_move(const struct config *config, int target_fd);

#endif
