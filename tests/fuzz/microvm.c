/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A hostile guest: any accesses to configuration space and BARs, any rings in memory. Each
 * step is eight bytes: what, where (three bytes), a value (four). The guest's memory is the
 * input over and over, so that long chains of descriptors need no long inputs.
 */
#include "microvm/virtio/balloon.h"
#include "microvm/virtio/blk.h"
#include "microvm/virtio/console.h"
#include "microvm/virtio/fs.h"
#include "microvm/virtio/net.h"
#include "microvm/virtio/pci.h"
#include "microvm/virtio/rng.h"
#include "microvm/virtio/vsock.h"

#include <linux/virtio_config.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/fuzz/fuzz.h"

#define BYTES	(1ul << 18)
#define STEPS	512
#define DEVICES 7

struct guest {
	struct memory memory;
	struct loop loop;
	struct kvm kvm;
	struct interrupts interrupts;
	struct pci_bus bus;
	struct console console;
	struct virtio_device rng;
	struct balloon balloon;
	struct blk disk;
	struct virtio_fs shared;
	struct net net;
	struct vsock vsock;
	int service_fd; /* what the guest has connected to last */
	int server_fd;	/* where the shared file system's server would be */
	int wire_fd;	/* and the rest of the network */
	struct virtio_pci transports[DEVICES];
};

/* Every other port has a service. */
static int dial(void *context, uint32_t port)
{
	struct guest *guest = context;
	int ends[2];

	if (port & 1 ||
		socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) < 0)
		return -1;
	(void)close(guest->service_fd);
	guest->service_fd = ends[1];
	return ends[0];
}

static void guest_make(struct guest *guest)
{
	int fd = memfd_create("disk", MFD_CLOEXEC);
	struct virtio_device *devices[] = { &guest->console.device, &guest->rng,
		&guest->disk.device, &guest->shared.device, &guest->net.device,
		&guest->balloon.device, &guest->vsock.device };
	int ends[2];

	guest->kvm = KVM_NONE;
	guest->interrupts.kvm = &guest->kvm;
	FUZZ_NEED(fd >= 0 && ftruncate(fd, 1 << 16) == 0);
	FUZZ_NEED(memory_make(&guest->memory, BYTES) == 0 && loop_open(&guest->loop) == 0);
	pci_bus_init(&guest->bus);
	console_init(&guest->console, &guest->loop, &guest->memory);
	rng_init(&guest->rng, &guest->loop, &guest->memory);
	balloon_init(&guest->balloon, &guest->loop, &guest->memory);
	guest->service_fd = -1;
	vsock_init(&guest->vsock, &guest->loop, &guest->memory, -1, dial, guest);
	FUZZ_NEED(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == 0);
	guest->server_fd = ends[1];
	FUZZ_NEED(virtio_fs_init(&guest->shared, &guest->loop, &guest->memory, ends[0]) == 0);
	FUZZ_NEED(blk_init(&guest->disk, &guest->loop, &guest->memory, fd, false, "disk") == 0);
	FUZZ_NEED(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) == 0);
	guest->wire_fd = ends[1];
	net_init(&guest->net, &guest->loop, &guest->memory, ends[0], (const uint8_t *)"\2hull\1",
		1400);
	for (int i = 0; i < DEVICES; i++)
		FUZZ_NEED(virtio_pci_attach(&guest->transports[i], devices[i], &guest->kvm,
				  &guest->interrupts, &guest->bus) == 0);
}

static void guest_free(struct guest *guest)
{
	for (int i = 0; i < DEVICES; i++)
		virtio_pci_close(&guest->transports[i]);
	interrupts_close(&guest->interrupts);
	vsock_close(&guest->vsock);
	(void)close(guest->service_fd);
	(void)close(guest->disk.fd);
	(void)close(guest->server_fd);
	(void)close(guest->shared.source.fd);
	(void)close(guest->wire_fd);
	(void)close(guest->net.tap.fd);
	loop_close(&guest->loop);
	memory_free(&guest->memory);
}

/* The server takes a request, and has an answer of any length. */
static void server_step(struct guest *guest, uint32_t value)
{
	static char packet[1 << 17];

	if (recv(guest->server_fd, packet, sizeof(packet), MSG_DONTWAIT) < 0 && value & 1)
		return;
	(void)send(guest->server_fd, packet, value % 4096, MSG_DONTWAIT | MSG_NOSIGNAL);
	guest->shared.source.ready(guest->shared.source.context, EPOLLIN);
}

/* A packet comes, or one that the guest has sent is taken off the wire. */
static void wire_step(struct guest *guest, uint32_t value)
{
	static char packet[NET_PACKET_BYTES];

	if (value & 1)
		(void)send(guest->wire_fd, packet, value % sizeof(packet), MSG_NOSIGNAL);
	else
		(void)recv(guest->wire_fd, packet, sizeof(packet), MSG_DONTWAIT);
	if (guest->net.tap.events)
		guest->net.tap.ready(guest->net.tap.context, EPOLLIN);
}

/* The service says or hears something, or ends; and who waited for it has a turn. */
static void service_step(struct guest *guest, uint32_t value)
{
	static char packet[1 << 16];

	if (value & 1)
		(void)send(guest->service_fd, packet, value >> 4 & 0xffff,
			MSG_DONTWAIT | MSG_NOSIGNAL);
	else
		(void)recv(guest->service_fd, packet, sizeof(packet), MSG_DONTWAIT);
	if (value & 2)
		(void)shutdown(guest->service_fd, value >> 2 & 1);
	for (unsigned int i = 0; i < VSOCK_CONNECTIONS; i++) {
		const struct loop_source *source = &guest->vsock.connections[i].source;

		if (guest->vsock.connections[i].state != VSOCK_FREE && source->events)
			source->ready(source->context, source->events);
	}
}

/* The driver rings; the first time it first says that it is ready, and where its queues are. */
static void driver_step(struct virtio_device *device, uint32_t value)
{
	bool ready = device->status & VIRTIO_CONFIG_S_DRIVER_OK;

	for (unsigned int i = 0; i < device->queue_count && !ready; i++) {
		struct virtqueue *queue = &device->queues[i];

		queue->size = 1u << value % 9;
		queue->descriptors_address = (value >> 4 & 0x3ff) * 16ul;
		queue->available_address = (value >> 14 & 0x1ff) * 16ul;
		queue->used_address = (value >> 23) * 16ul + BYTES / 2;
		queue->event_index = value & 8;
		(void)virtqueue_enable(queue);
	}
	device->status |= VIRTIO_CONFIG_S_DRIVER_OK;
	if (!ready && device->type->activated)
		device->type->activated(device);
	device->type->notified(device, value % device->queue_count);
}

static void guest_step(struct guest *guest, const uint8_t *step)
{
	uint32_t where = step[1] | (uint32_t)step[2] << 8 | (uint32_t)step[3] << 16, value;
	unsigned int length = 1u << (step[0] >> 4 & 3), device = where % DEVICES;
	uint64_t wide;
	char *host;

	memcpy(&value, step + 4, sizeof(value));
	wide = value | (uint64_t)value << 32;
	switch (step[0] & 7) {
	case 0:
		pci_port_write(&guest->bus, 0xcf8, &value, 4);
		break;
	case 1:
		pci_port_write(&guest->bus, (uint16_t)(0xcfc + where % 4), &wide, length & 7);
		break;
	case 2:
		pci_port_read(&guest->bus, (uint16_t)(0xcfc + where % 4), &wide, length & 7);
		break;
	case 3:
		pci_memory_write(&guest->bus, PCI_WINDOW_ADDRESS + where, &wide, length);
		break;
	case 4:
		pci_memory_read(&guest->bus, PCI_WINDOW_ADDRESS + where, &wide, length);
		break;
	case 5:
		host = memory_at(&guest->memory, where % BYTES, sizeof(value));
		if (host)
			memcpy(host, &value, sizeof(value));
		break;
	case 6:
		if (where & 2)
			service_step(guest, value);
		else if (where & 1)
			wire_step(guest, value);
		else
			server_step(guest, value);
		break;
	default:
		driver_step(guest->transports[device].device, value);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	static struct guest guest;

	memset(&guest, 0, sizeof(guest));
	guest_make(&guest);
	for (size_t at = 0; length && at < BYTES; at += length)
		memcpy((char *)guest.memory.slots[0].host + at, bytes,
			length < BYTES - at ? length : BYTES - at);
	for (size_t i = 0; i + 8 <= length && i < 8ul * STEPS; i += 8)
		guest_step(&guest, bytes + i);
	guest_free(&guest);
	return 0;
}
