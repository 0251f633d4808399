/* SPDX-License-Identifier: Apache-2.0 */
/* The socket device as a driver sees it, and the sockets of the host behind it. */
#include <errno.h>
#include <linux/virtio_config.h>
#include <linux/virtio_ring.h>
#include <linux/virtio_vsock.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "microvm/virtio/pci.h"
#include "microvm/virtio/vsock.h"
#include "tests/unit/test.h"

enum { RECEIVE, TRANSMIT, EVENT };
#define RINGS	0x4000ul /* from one queue's to the next */
#define ROOM	0x10000ul
#define BUFFERS 16u
#define BUFFER	4096u
#define DATA	0x40000ul
#define HEADER	sizeof(struct virtio_vsock_hdr)

static struct memory memory;
static struct loop loop;
static struct kvm kvm = { .fd = -1, .vm_fd = -1 };
static struct interrupts interrupts = { .kvm = &kvm };
static struct pci_bus bus;
static struct virtio_pci transport;
static struct vsock vsock;
static int host_fd; /* the other end of the last connection */
static uint16_t seen;

/* Port 7 has a service. */
static int dial(void *context, uint32_t port)
{
	int ends[2];

	(void)context;
	if (port != 7)
		return -ENOENT;
	NEED(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) == 0);
	host_fd = ends[1];
	return ends[0];
}

static uint64_t ring(unsigned int queue, unsigned int part)
{
	return 0x1000 + queue * RINGS + part * 0x1000ul;
}

/* Room for COUNT packets more. */
static void give_room(unsigned int count)
{
	struct vring_desc *descriptors =
		memory_at(&memory, ring(RECEIVE, 0), 16ul * VIRTQUEUE_SIZE);
	struct vring_avail *available = memory_at(&memory, ring(RECEIVE, 1), 4);

	while (count--) {
		uint16_t index = available->idx % BUFFERS;

		descriptors[index] =
			(struct vring_desc){ ROOM + index * BUFFER, BUFFER, VRING_DESC_F_WRITE, 0 };
		available->ring[available->idx % VIRTQUEUE_SIZE] = index;
		available->idx++;
	}
	vsock.device.type->notified(&vsock.device, RECEIVE);
}

static void begin(void)
{
	memset(memory.slots[0].host, 0, DATA);
	vsock.device.type->reset(&vsock.device);
	seen = 0;
	for (unsigned int i = 0; i < 3; i++) {
		struct virtqueue *queue = &vsock.device.queues[i];

		virtqueue_reset(queue);
		queue->descriptors_address = ring(i, 0);
		queue->available_address = ring(i, 1);
		queue->used_address = ring(i, 2);
		NEED(virtqueue_enable(queue) == 0);
	}
	vsock.device.status = VIRTIO_CONFIG_S_DRIVER_OK;
	give_room(BUFFERS);
}

/* The next packet for the guest, or one without an operation. */
static struct virtio_vsock_hdr hear(const char **data)
{
	const struct vring_used *used = memory_at(&memory, ring(RECEIVE, 2), 4);
	struct virtio_vsock_hdr header = { 0 };
	const char *bytes;

	if (seen == used->idx)
		return header;
	bytes = memory_at(&memory, ROOM + used->ring[seen % VIRTQUEUE_SIZE].id * BUFFER, BUFFER);
	memcpy(&header, bytes, HEADER);
	CHECK(used->ring[seen % VIRTQUEUE_SIZE].len == HEADER + header.len,
		"a packet is as long as it says");
	if (data)
		*data = bytes + HEADER;
	seen++;
	return header;
}

static bool hears(uint16_t operation)
{
	return hear(NULL).op == operation;
}

/* A packet of the guest: a buffer of BYTES. */
static void offer(const struct virtio_vsock_hdr *header, const char *data, uint32_t bytes)
{
	struct vring_desc *descriptors =
		memory_at(&memory, ring(TRANSMIT, 0), 16ul * VIRTQUEUE_SIZE);
	struct vring_avail *available = memory_at(&memory, ring(TRANSMIT, 1), 4);

	memcpy(memory_at(&memory, DATA, HEADER), header, HEADER);
	if (data)
		memcpy(memory_at(&memory, DATA + HEADER, header->len), data, header->len);
	descriptors[0] = (struct vring_desc){ DATA, bytes, 0, 0 };
	available->ring[available->idx % VIRTQUEUE_SIZE] = 0;
	available->idx++;
	vsock.device.type->notified(&vsock.device, TRANSMIT);
}

static struct virtio_vsock_hdr packet(uint16_t operation, uint32_t host, uint32_t guest)
{
	return (struct virtio_vsock_hdr){ .src_cid = VSOCK_GUEST_CID,
		.dst_cid = 2,
		.src_port = guest,
		.dst_port = host,
		.type = VIRTIO_VSOCK_TYPE_STREAM,
		.op = operation,
		.buf_alloc = 1 << 16 };
}

static void say(uint16_t operation, uint32_t host, uint32_t guest, const char *data)
{
	struct virtio_vsock_hdr header = packet(operation, host, guest);

	header.len = data ? (uint32_t)strlen(data) : 0;
	offer(&header, data, (uint32_t)HEADER + header.len);
}

/* Whatever waits for its socket gets its turn. */
static void turn(void)
{
	struct epoll_event event;

	while (epoll_wait(loop.fd, &event, 1, 0) == 1) {
		struct loop_source *source = event.data.ptr;

		source->ready(source->context, event.events);
	}
}

static void connect_guest(void)
{
	begin();
	say(VIRTIO_VSOCK_OP_REQUEST, 7, 1000, NULL);
	CHECK(hears(VIRTIO_VSOCK_OP_RESPONSE), "a port with a socket answers");
}

static void test_from_guest(void)
{
	struct virtio_vsock_hdr header;
	const char *data;
	char got[16];

	connect_guest();
	say(VIRTIO_VSOCK_OP_RW, 7, 1000, "question");
	CHECK(recv(host_fd, got, sizeof(got), 0) == 8 && !memcmp(got, "question", 8),
		"bytes go out");
	NEED(send(host_fd, "answer", 6, 0) == 6);
	turn();
	header = hear(&data);
	CHECK(header.op == VIRTIO_VSOCK_OP_RW && header.len == 6 && !memcmp(data, "answer", 6) &&
			header.src_port == 7 && header.dst_port == 1000 && header.fwd_cnt == 8,
		"and come in, with word of those that were taken");
	(void)shutdown(host_fd, SHUT_WR);
	turn();
	header = hear(NULL);
	CHECK(header.op == VIRTIO_VSOCK_OP_SHUTDOWN && header.flags == VIRTIO_VSOCK_SHUTDOWN_SEND,
		"the end of the host's bytes is one");
	header = packet(VIRTIO_VSOCK_OP_SHUTDOWN, 7, 1000);
	header.flags = VIRTIO_VSOCK_SHUTDOWN_SEND;
	offer(&header, NULL, HEADER);
	CHECK(recv(host_fd, got, sizeof(got), 0) == 0, "and so is that of the guest's");
	header.flags |= VIRTIO_VSOCK_SHUTDOWN_RCV;
	offer(&header, NULL, HEADER);
	CHECK(hears(VIRTIO_VSOCK_OP_RST), "after both the connection is none");
	(void)close(host_fd);
}

static void test_refused(void)
{
	begin();
	say(VIRTIO_VSOCK_OP_REQUEST, 8, 1000, NULL);
	CHECK(hears(VIRTIO_VSOCK_OP_RST), "a port without a socket refuses");
	say(VIRTIO_VSOCK_OP_RW, 7, 1000, "x");
	CHECK(hears(VIRTIO_VSOCK_OP_RST), "bytes of no connection are refused");
	say(VIRTIO_VSOCK_OP_RST, 7, 1000, NULL);
	CHECK(hears(VIRTIO_VSOCK_OP_INVALID), "a refusal is not refused");
	connect_guest();
	say(VIRTIO_VSOCK_OP_REQUEST, 7, 1000, NULL);
	CHECK(hears(VIRTIO_VSOCK_OP_RST) && recv(host_fd, (char[1]){ 0 }, 1, 0) == 0,
		"a second connection between the same ports ends the first");
	(void)close(host_fd);
}

static int host_connects(const char *path, const char *greeting)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	(void)strncpy(address.sun_path, path, sizeof(address.sun_path) - 1);
	NEED(fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0);
	NEED(send(fd, greeting, strlen(greeting), 0) >= 0);
	turn();
	return fd;
}

static void test_from_host(const char *path)
{
	struct virtio_vsock_hdr asked;
	const char *data;
	char got[64] = "", wanted[64];
	int fd;

	begin();
	fd = host_connects(path, "CONNECT 5000\nearly");
	asked = hear(NULL);
	CHECK(asked.op == VIRTIO_VSOCK_OP_REQUEST && asked.dst_port == 5000, "the guest is asked");
	CHECK(recv(fd, got, sizeof(got), 0) < 0, "and the host waits");
	say(VIRTIO_VSOCK_OP_RESPONSE, asked.src_port, 5000, NULL);
	(void)snprintf(wanted, sizeof(wanted), "OK %u\n", asked.src_port);
	CHECK(recv(fd, got, sizeof(got) - 1, 0) > 0, "until it hears");
	CHECK_TEXT(got, wanted, "that it was taken");
	turn();
	asked = hear(&data);
	CHECK(asked.op == VIRTIO_VSOCK_OP_RW && asked.len == 5 && !memcmp(data, "early", 5),
		"what it has said meanwhile is not lost");
	CHECK(asked.fwd_cnt == 0, "and its answer is none of the guest's bytes");
	say(VIRTIO_VSOCK_OP_RST, asked.src_port, 5000, NULL);
	CHECK(recv(fd, got, sizeof(got), 0) == 0, "a guest that ends it ends it");
	(void)close(fd);
	for (const char *const *line = (const char *const[]){ "CONNECT x\n", "HELLO\n",
		     "CONNECT 1 2\n", "CONNECT 12345678901234567890123456789012\n", NULL };
		*line; line++) {
		fd = host_connects(path, *line);
		CHECK(recv(fd, got, sizeof(got), 0) <= 0 && hears(VIRTIO_VSOCK_OP_INVALID),
			"what is no greeting is shown out");
		(void)close(fd);
	}
}

/* Neither side is given more than it takes. */
static void test_credit(void)
{
	struct virtio_vsock_hdr header = packet(VIRTIO_VSOCK_OP_REQUEST, 7, 1000);
	static char bytes[VSOCK_BUFFER];
	size_t taken = 0;
	ssize_t got;

	begin();
	header.buf_alloc = 100;
	offer(&header, NULL, HEADER);
	(void)hear(NULL);
	NEED(send(host_fd, bytes, 300, 0) == 300);
	turn();
	CHECK(hear(NULL).len == 100 && hears(0), "the guest gets what it has room for");
	header.op = VIRTIO_VSOCK_OP_CREDIT_UPDATE;
	header.fwd_cnt = 60;
	offer(&header, NULL, HEADER);
	turn();
	CHECK(hear(NULL).len == 60 && hears(0), "and the next when it has taken some");
	header.fwd_cnt = 0xf0000000;
	offer(&header, NULL, HEADER);
	turn();
	CHECK(hears(0), "a lie about it gets it nothing");
	header.op = VIRTIO_VSOCK_OP_CREDIT_REQUEST;
	offer(&header, NULL, HEADER);
	CHECK(hears(VIRTIO_VSOCK_OP_CREDIT_UPDATE), "it may ask for ours");
	(void)close(host_fd);

	/* Who does not read: first the socket is full, then what is kept for it. */
	connect_guest();
	header = packet(VIRTIO_VSOCK_OP_RW, 7, 1000);
	header.len = 32768;
	for (int i = 0; i < 64 && vsock.connections[0].state == VSOCK_OPEN; i++)
		offer(&header, bytes, (uint32_t)HEADER + header.len);
	CHECK(vsock.connections[0].state == VSOCK_FREE, "a guest that ignores ours loses it");
	while ((got = recv(host_fd, bytes, sizeof(bytes), 0)) > 0)
		taken += (size_t)got;
	CHECK(taken > 32768 && got == 0, "and the host what was in flight");
	(void)close(host_fd);
}

static void test_no_room(void)
{
	connect_guest();
	for (int i = 0; i < 40; i++) {
		NEED(send(host_fd, "x", 1, 0) == 1);
		turn();
	}
	while (hear(NULL).op)
		;
	CHECK(seen == BUFFERS && !(vsock.connections[0].source.events & EPOLLIN),
		"without buffers the socket waits");
	give_room(BUFFERS);
	turn();
	CHECK(hear(NULL).len == 40 - (BUFFERS - 1), "and goes on with them");
	(void)close(host_fd);
}

static void test_hostile(void)
{
	struct virtio_vsock_hdr header = packet(VIRTIO_VSOCK_OP_RW, 7, 1000);

	connect_guest();
	header.len = 0xfffffff0;
	offer(&header, NULL, HEADER + 16);
	CHECK(vsock.device.status & VIRTIO_CONFIG_S_NEEDS_RESET, "a length beyond the packet");
	connect_guest();
	offer(&header, NULL, HEADER - 1);
	CHECK(vsock.device.status & VIRTIO_CONFIG_S_NEEDS_RESET, "half a header");
	connect_guest();
	header = packet(VIRTIO_VSOCK_OP_RW, 7, 1000);
	offer(&header, NULL, 0);
	CHECK(vsock.device.status & VIRTIO_CONFIG_S_NEEDS_RESET, "nothing at all");
	begin();
	header = packet(VIRTIO_VSOCK_OP_REQUEST, 7, 1000);
	header.src_cid = 99;
	offer(&header, NULL, HEADER);
	CHECK(hears(0), "a sender that it is not");
	header = packet(99, 7, 1000);
	offer(&header, NULL, HEADER);
	CHECK(hears(VIRTIO_VSOCK_OP_RST), "an operation that is none");
	for (uint32_t i = 0; i < 2 * VSOCK_CONNECTIONS; i++)
		say(VIRTIO_VSOCK_OP_REQUEST, 7, 2000 + i, NULL);
	CHECK(vsock.connections[VSOCK_CONNECTIONS - 1].state == VSOCK_OPEN &&
			vsock.reset_count <= VSOCK_RESETS,
		"more connections than there can be");
	vsock.device.type->reset(&vsock.device);
	CHECK(vsock.connections[0].state == VSOCK_FREE && !vsock.reset_count,
		"a reset forgets all");
}

int main(void)
{
	char folder[] = "/tmp/hull-vsock-XXXXXX", path[64];
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	NEED(mkdtemp(folder) && fd >= 0);
	(void)snprintf(path, sizeof(path), "%s/socket", folder);
	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	NEED(bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0 && listen(fd, 8) == 0);
	NEED(memory_make(&memory, 1ul << 20) == 0 && loop_open(&loop) == 0);
	pci_bus_init(&bus);
	vsock_init(&vsock, &loop, &memory, fd, dial, NULL);
	NEED(virtio_pci_attach(&transport, &vsock.device, &kvm, &interrupts, &bus) == 0);
	test_from_guest();
	test_refused();
	test_from_host(path);
	test_credit();
	test_no_room();
	test_hostile();
	vsock_close(&vsock);
	virtio_pci_close(&transport);
	interrupts_close(&interrupts);
	loop_close(&loop);
	memory_free(&memory);
	(void)unlink(path);
	(void)rmdir(folder);
	return test_end();
}
