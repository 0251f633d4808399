/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_MICROVM_VIRTIO_NET_H
#define HULL_MICROVM_VIRTIO_NET_H

/*
 * A network card (virtio 1.2, 5.1) whose other end is a tap device of the host. Checksums
 * and segments are left to whoever needs them: the guest's header is the tap's own.
 */
#include "microvm/virtio/device.h"

#define NET_MAC_BYTES 6
/* The header and the largest packet that Linux puts together. */
#define NET_PACKET_BYTES (68u << 10)

struct net {
	struct virtio_device device;
	struct loop_source tap;
	uint8_t mac[NET_MAC_BYTES];
	uint16_t mtu;
	size_t held; /* bytes of a packet for which the guest had no room yet; 0: none */
	char packet[NET_PACKET_BYTES];
};

/* FD: a tap with IFF_NO_PI and IFF_VNET_HDR, not blocking, its headers NET_HEADER_BYTES long. */
#define NET_HEADER_BYTES 12
void net_init(struct net *net, struct loop *loop, struct memory *memory, int fd, const uint8_t *mac,
	uint16_t mtu);

#endif
