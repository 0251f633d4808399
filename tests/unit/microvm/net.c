/* SPDX-License-Identifier: Apache-2.0 */
/* A network card as a driver sees it, and what goes over the wire behind it. */
#include <linux/virtio_config.h>
#include <linux/virtio_net.h>
#include <linux/virtio_ring.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "microvm/virtio/net.h"
#include "microvm/virtio/pci.h"
#include "tests/unit/test.h"

#define RECEIVE	 0
#define TRANSMIT 1
#define RINGS	 0x4000ul /* from one queue's to the next */
#define DATA	 0x10000ul
#define ALL	 (~0ull)
#define MERGES	 (1ull << VIRTIO_NET_F_MRG_RXBUF)
#define CHECKSUM (1ull << VIRTIO_NET_F_GUEST_CSUM)

static struct memory memory;
static struct loop loop;
static struct kvm kvm = { .fd = -1, .vm_fd = -1 };
static struct interrupts interrupts = { .kvm = &kvm };
static struct pci_bus bus;
static struct virtio_pci transport;
static struct net net;
static int wire_fd;

static uint64_t ring(unsigned int queue, unsigned int part)
{
	return 0x1000 + queue * RINGS + part * 0x1000ul;
}

static struct vring_used *used(unsigned int queue)
{
	return memory_at(&memory, ring(queue, 2), 4);
}

/* A driver that knows FEATURES begins anew. */
static void begin(uint64_t features)
{
	char packet[16];

	memset(memory.slots[0].host, 0, DATA);
	net.device.type->reset(&net.device);
	while (recv(wire_fd, packet, sizeof(packet), MSG_DONTWAIT) >= 0)
		;
	for (unsigned int i = 0; i < 2; i++) {
		struct virtqueue *queue = &net.device.queues[i];

		virtqueue_reset(queue);
		queue->descriptors_address = ring(i, 0);
		queue->available_address = ring(i, 1);
		queue->used_address = ring(i, 2);
		NEED(virtqueue_enable(queue) == 0);
	}
	net.device.driver_features = net.device.features & features;
	net.device.status = VIRTIO_CONFIG_S_DRIVER_OK;
	net.device.type->activated(&net.device);
}

/* A buffer of BYTES at DATA + AT, and the bell. */
static void offer(unsigned int queue, uint16_t index, uint32_t at, uint32_t bytes)
{
	struct vring_desc *descriptors = memory_at(&memory, ring(queue, 0), 16ul * VIRTQUEUE_SIZE);
	struct vring_avail *available = memory_at(&memory, ring(queue, 1), 4);

	descriptors[index] = (struct vring_desc){ DATA + at, bytes,
		queue == RECEIVE ? VRING_DESC_F_WRITE : 0, 0 };
	available->ring[available->idx % VIRTQUEUE_SIZE] = index;
	available->idx++;
	net.device.type->notified(&net.device, queue);
}

/* A packet comes over the wire, its header full of BITS. */
static void arrive(const char *packet, size_t bytes, uint8_t bits)
{
	char whole[4096];

	memset(whole, bits, NET_HEADER_BYTES);
	memcpy(whole + NET_HEADER_BYTES, packet, bytes);
	NEED(send(wire_fd, whole, NET_HEADER_BYTES + bytes, 0) >= 0);
	if (net.tap.events & EPOLLIN)
		net.tap.ready(net.tap.context, EPOLLIN);
}

static void test_config(void)
{
	struct virtio_net_config config = { 0 };

	net.device.type->config_read(&net.device, 0, &config, sizeof(config));
	CHECK(!memcmp(config.mac, "\2hull\1", 6), "the driver reads the hardware address");
	CHECK(config.mtu == 1400, "and the MTU");
	config.mtu = 7;
	net.device.type->config_read(&net.device, sizeof(config) - 1, &config.mtu, 2);
	CHECK(config.mtu == 7, "nothing is read beyond the end");
}

static void test_one_buffer(void)
{
	const struct virtio_net_hdr_mrg_rxbuf *header = memory_at(&memory, DATA, 64);

	begin(ALL);
	offer(RECEIVE, 3, 0, 2000);
	arrive("packet", 6, 0xff);
	CHECK(used(RECEIVE)->idx == 1 && used(RECEIVE)->ring[0].id == 3 &&
			used(RECEIVE)->ring[0].len == NET_HEADER_BYTES + 6,
		"a packet fills a buffer as far as it goes");
	CHECK(!memcmp(header + 1, "packet", 6) && header->num_buffers == 1, "with its bytes");
	CHECK(header->hdr.flags == 0xff, "and what the kernel says of its checksum");
	begin(ALL & ~CHECKSUM);
	offer(RECEIVE, 0, 0, 2000);
	arrive("packet", 6, 0xff);
	CHECK(used(RECEIVE)->idx == 1 && header->hdr.flags == 0,
		"which a driver that knows nothing of them does not hear");
}

static void test_merging(void)
{
	const struct virtio_net_hdr_mrg_rxbuf *header = memory_at(&memory, DATA, 64);
	const char *data = memory_at(&memory, DATA, 4096);
	char packet[2000];

	for (size_t i = 0; i < sizeof(packet); i++)
		packet[i] = (char)(i * 7);
	begin(ALL);
	offer(RECEIVE, 0, 0, 900);
	offer(RECEIVE, 1, 900, 900);
	arrive(packet, sizeof(packet), 0);
	CHECK(used(RECEIVE)->idx == 0, "a packet that does not fit yet is not shown in part");
	CHECK(!(net.tap.events & EPOLLIN), "and the wire waits");
	offer(RECEIVE, 2, 1800, 900);
	CHECK(used(RECEIVE)->idx == 3 && header->num_buffers == 3,
		"with one buffer more it fills three");
	CHECK(!memcmp(data + NET_HEADER_BYTES, packet, sizeof(packet)), "in their order");
	CHECK(used(RECEIVE)->ring[2].id == 2 &&
			used(RECEIVE)->ring[2].len == NET_HEADER_BYTES + 2000 - 1800,
		"the last one not to its end");
	CHECK(net.tap.events & EPOLLIN, "and the wire goes on");
}

static void test_too_large(void)
{
	const char *data = memory_at(&memory, DATA, 64);
	char packet[300] = { 0 };

	begin(ALL & ~MERGES);
	offer(RECEIVE, 0, 0, 200);
	arrive(packet, sizeof(packet), 0);
	CHECK(used(RECEIVE)->idx == 0, "without merging a packet larger than the buffer is lost");
	arrive("small", 5, 0);
	CHECK(used(RECEIVE)->idx == 1 && !memcmp(data + NET_HEADER_BYTES, "small", 5),
		"and the next one gets the buffer");
}

static void test_transmit(void)
{
	char *data = memory_at(&memory, DATA, 64), got[128];

	begin(ALL);
	memset(data, 0, NET_HEADER_BYTES);
	(void)stpcpy(data + NET_HEADER_BYTES, "answer");
	offer(TRANSMIT, 5, 0, NET_HEADER_BYTES + 6);
	CHECK(recv(wire_fd, got, sizeof(got), MSG_DONTWAIT) == NET_HEADER_BYTES + 6 &&
			!memcmp(got, data, NET_HEADER_BYTES + 6),
		"a packet goes out as it is, with its header");
	CHECK(used(TRANSMIT)->idx == 1 && used(TRANSMIT)->ring[0].id == 5 &&
			used(TRANSMIT)->ring[0].len == 0,
		"and its buffer comes back");
}

/* More than are sent in a row: the rest when the card has rung its own bell. */
static void test_many(void)
{
	struct vring_avail *available = memory_at(&memory, ring(TRANSMIT, 1), 4);
	struct doorbell *bell = &transport.doorbells[TRANSMIT];

	begin(ALL);
	for (uint16_t i = 0; i < 99; i++)
		available->ring[i] = 0;
	available->idx = 99;
	offer(TRANSMIT, 0, 0, 64);
	CHECK(used(TRANSMIT)->idx < 100, "many packets do not keep other devices waiting");
	bell->source.ready(bell->source.context, EPOLLIN);
	CHECK(used(TRANSMIT)->idx == 100, "and all of them are sent");
}

static void test_hostile(void)
{
	begin(ALL);
	offer(RECEIVE, 0, 0, 0);
	arrive("packet", 6, 0);
	CHECK(used(RECEIVE)->idx == 0, "buffers of no bytes hold nothing");
	begin(ALL);
	offer(RECEIVE, 0, 0xfffffff0, 4096);
	arrive("packet", 6, 0);
	CHECK(net.device.status & VIRTIO_CONFIG_S_NEEDS_RESET,
		"a buffer outside of the memory ends the queue until a reset");
	begin(ALL);
	offer(RECEIVE, 0, 0, 2000);
	arrive("again", 5, 0);
	CHECK(used(RECEIVE)->idx == 1, "which makes it whole again");
}

static void test_wire_is_gone(void)
{
	begin(ALL);
	(void)shutdown(wire_fd, SHUT_RDWR);
	offer(RECEIVE, 0, 0, 2000);
	net.tap.ready(net.tap.context, EPOLLHUP);
	CHECK(!(net.tap.events & EPOLLIN), "a tap that is gone is not waited for");
}

int main(void)
{
	int ends[2];

	NEED(memory_make(&memory, 1ul << 20) == 0 && loop_open(&loop) == 0);
	NEED(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) == 0);
	wire_fd = ends[1];
	pci_bus_init(&bus);
	net_init(&net, &loop, &memory, ends[0], (const uint8_t *)"\2hull\1", 1400);
	NEED(virtio_pci_attach(&transport, &net.device, &kvm, &interrupts, &bus) == 0);
	test_config();
	test_one_buffer();
	test_merging();
	test_too_large();
	test_transmit();
	test_many();
	test_hostile();
	test_wire_is_gone();
	virtio_pci_close(&transport);
	interrupts_close(&interrupts);
	(void)close(ends[0]);
	(void)close(wire_fd);
	loop_close(&loop);
	memory_free(&memory);
	return test_end();
}
