/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_NS_NETWORK_TAP_H
#define HULL_NS_NETWORK_TAP_H

/*
 * A tap beside an engine's interface, and the two joined: whatever comes in at one goes
 * out of the other (tc-mirred(8) behind an ingress qdisc on both). Addresses stay where
 * they are, so that engines find what they have made; only nothing reaches them there.
 */
#include "ns/network_view.h"

/* Bytes of the header before each packet: virtio 1.0's, with the number of buffers. */
#define NETWORK_TAP_HEADER 12

/*
 * In the namespace of the interface, with a netlink socket of it. The tap's descriptor, not
 * blocking: with its last copy the tap ends. Or a negative errno with a message.
 */
int network_tap_join(int socket_fd, const struct network_interface *interface);

/* The interface is as it was; what is gone already is no error. */
void network_tap_leave(int socket_fd, int index);

#endif
