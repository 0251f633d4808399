/* SPDX-License-Identifier: Apache-2.0 */
#include "microvm/virtio/net.h"

#include <errno.h>
#include <linux/if_tun.h>
#include <linux/virtio_ids.h>
#include <linux/virtio_net.h>
#include <stddef.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { QUEUE_RECEIVE, QUEUE_TRANSMIT, QUEUES };

/* Packets in a row, before other devices have their turn. */
#define PACKETS_AT_ONCE 64

_Static_assert(sizeof(struct virtio_net_hdr_mrg_rxbuf) == NET_HEADER_BYTES, "of virtio 1.0 on");

static struct net *net_of(struct virtio_device *device)
{
	return (struct net *)((char *)device - offsetof(struct net, device));
}

/* ---- to the guest --------------------------------------------------------------------------------- */

enum delivery { DELIVERED, NO_ROOM, TOO_LARGE };

/* The packet's header is complete when the number of its buffers is in it (5.1.6.4). */
static void net_finish(struct net *net, const struct virtio_chain *first, uint16_t buffers)
{
	(void)virtio_chain_write(first, offsetof(struct virtio_net_hdr_mrg_rxbuf, num_buffers),
		&buffers, sizeof(buffers));
	virtqueue_publish(&net->device.queues[QUEUE_RECEIVE]);
	net->held = 0;
}

/* The held packet into the guest's buffers: as many as it needs, or all of it into one. */
static enum delivery net_deliver(struct net *net)
{
	bool merges = virtio_device_has(&net->device, VIRTIO_NET_F_MRG_RXBUF);
	struct virtqueue *queue = &net->device.queues[QUEUE_RECEIVE];
	struct virtio_chain first, chain;
	uint16_t buffers = 0;
	size_t done = 0;

	while (done < net->held) {
		struct virtio_chain *into = buffers ? &chain : &first;
		size_t written;

		if (!virtio_device_pop(&net->device, QUEUE_RECEIVE, into)) {
			virtqueue_withdraw(queue);
			return NO_ROOM;
		}
		if (!merges && into->writable_bytes < net->held) {
			virtqueue_unpop(queue);
			return TOO_LARGE;
		}
		written = virtio_chain_write(into, 0, net->packet + done, net->held - done);
		virtqueue_put(queue, into, written);
		done += written;
		buffers++;
	}
	net_finish(net, &first, buffers);
	return DELIVERED;
}

/* False when there is none, or never will be again. */
static bool net_read(struct net *net)
{
	ssize_t got;

	do
		got = read(net->tap.fd, net->packet, sizeof(net->packet));
	while (got < 0 && errno == EINTR);
	if (got < NET_HEADER_BYTES) {
		/* The tap is gone with its namespace: waiting for it would be without end. */
		if (got >= 0 || errno != EAGAIN)
			(void)loop_watch(net->device.loop, &net->tap, 0);
		return false;
	}
	/* Who was not asked to know of checksums is told nothing of them (5.1.6.4.1). */
	if (!virtio_device_has(&net->device, VIRTIO_NET_F_GUEST_CSUM))
		net->packet[offsetof(struct virtio_net_hdr, flags)] = 0;
	net->held = (size_t)got;
	return true;
}

static void net_receive(struct net *net)
{
	enum delivery delivery = DELIVERED;

	for (int i = 0; i < PACKETS_AT_ONCE && (net->held || net_read(net)); i++) {
		delivery = net_deliver(net);
		if (delivery == NO_ROOM)
			break;
		/* A guest that cannot take it loses it, as from any wire. */
		net->held = 0;
	}
	/* The tap holds what comes until the guest rings for its new buffers. */
	if (delivery == NO_ROOM)
		(void)loop_watch(net->device.loop, &net->tap, 0);
	virtio_device_interrupt(&net->device, QUEUE_RECEIVE);
}

static void net_readable(void *context, uint32_t events)
{
	(void)events;
	net_receive(context);
}

/* ---- from the guest ------------------------------------------------------------------------------- */

static void net_transmit(struct net *net)
{
	struct virtqueue *queue = &net->device.queues[QUEUE_TRANSMIT];
	struct virtio_chain chain;
	int packets = 0;

	while (packets < PACKETS_AT_ONCE &&
		virtio_device_pop(&net->device, QUEUE_TRANSMIT, &chain)) {
		/* The kernel copies the header before it checks it; what it refuses is lost. */
		ssize_t ignored = writev(net->tap.fd, chain.segments, (int)chain.readable);

		(void)ignored;
		virtqueue_push(queue, &chain, 0);
		packets++;
	}
	virtio_device_interrupt(&net->device, QUEUE_TRANSMIT);
	if (packets == PACKETS_AT_ONCE)
		virtio_device_again(&net->device, QUEUE_TRANSMIT);
}

/* ---- the device ------------------------------------------------------------------------------------- */

static void net_notified(struct virtio_device *device, unsigned int queue)
{
	struct net *net = net_of(device);

	if (!(device->status & VIRTIO_CONFIG_S_DRIVER_OK))
		return;
	if (queue == QUEUE_TRANSMIT) {
		net_transmit(net);
		return;
	}
	(void)loop_watch(device->loop, &net->tap, EPOLLIN);
	net_receive(net);
}

/* What the guest can put up with need not be done before it gets a packet. */
static void net_activated(struct virtio_device *device)
{
	struct net *net = net_of(device);
	unsigned int offload = 0;

	if (virtio_device_has(device, VIRTIO_NET_F_GUEST_CSUM))
		offload = TUN_F_CSUM;
	if (offload && virtio_device_has(device, VIRTIO_NET_F_GUEST_TSO4))
		offload |= TUN_F_TSO4;
	if (offload && virtio_device_has(device, VIRTIO_NET_F_GUEST_TSO6))
		offload |= TUN_F_TSO6;
	if (offload & (TUN_F_TSO4 | TUN_F_TSO6) &&
		virtio_device_has(device, VIRTIO_NET_F_GUEST_ECN))
		offload |= TUN_F_TSO_ECN;
	(void)ioctl(net->tap.fd, TUNSETOFFLOAD, (unsigned long)offload);
	(void)loop_watch(device->loop, &net->tap, EPOLLIN);
}

static void net_reset(struct virtio_device *device)
{
	struct net *net = net_of(device);

	net->held = 0;
	(void)loop_watch(device->loop, &net->tap, 0);
}

static void net_config_read(
	struct virtio_device *device, uint32_t offset, void *bytes, unsigned int length)
{
	const struct net *net = net_of(device);
	struct virtio_net_config config = { .max_virtqueue_pairs = 1, .mtu = net->mtu };

	memcpy(config.mac, net->mac, sizeof(config.mac));
	if (offset + length <= sizeof(config))
		memcpy(bytes, (const char *)&config + offset, length);
}

void net_init(struct net *net, struct loop *loop, struct memory *memory, int fd, const uint8_t *mac,
	uint16_t mtu)
{
	static const struct virtio_device_type type = {
		.name = "net",
		.id = VIRTIO_ID_NET,
		.class = 0x020000,
		.queue_count = QUEUES,
		.features = 1ull << VIRTIO_NET_F_MAC | 1ull << VIRTIO_NET_F_MTU |
			    1ull << VIRTIO_NET_F_MRG_RXBUF | 1ull << VIRTIO_NET_F_CSUM |
			    1ull << VIRTIO_NET_F_HOST_TSO4 | 1ull << VIRTIO_NET_F_HOST_TSO6 |
			    1ull << VIRTIO_NET_F_HOST_ECN | 1ull << VIRTIO_NET_F_GUEST_CSUM |
			    1ull << VIRTIO_NET_F_GUEST_TSO4 | 1ull << VIRTIO_NET_F_GUEST_TSO6 |
			    1ull << VIRTIO_NET_F_GUEST_ECN,
		.config_read = net_config_read,
		.notified = net_notified,
		.activated = net_activated,
		.reset = net_reset,
	};

	memset(net, 0, sizeof(*net));
	virtio_device_init(&net->device, &type, loop, memory);
	net->tap = (struct loop_source){ fd, net_readable, net, 0 };
	memcpy(net->mac, mac, sizeof(net->mac));
	net->mtu = mtu;
}
