/* SPDX-License-Identifier: Apache-2.0 */
/* Requests for the shared file system, as a driver cuts them, and what the server gets of them. */
#include <linux/fuse.h>
#include <linux/virtio_config.h>
#include <linux/virtio_ring.h>
#include <sys/socket.h>
#include <unistd.h>

#include "microvm/virtio/fs.h"
#include "tests/unit/test.h"

#define DESCRIPTORS 0x1000ul
#define AVAILABLE   0x3000ul
#define USED	    0x4000ul
#define DATA	    0x8000ul
#define REQUESTS    1 /* the queue */
#define HEAD	    sizeof(struct fuse_in_header)

static struct memory memory;
static struct loop loop;
static struct virtio_fs fs;
static int server_fd;

static void begin(void)
{
	struct virtqueue *queue = &fs.device.queues[REQUESTS];
	int ends[2];

	NEED(memory_make(&memory, 1ul << 18) == 0 && loop_open(&loop) == 0);
	NEED(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == 0);
	server_fd = ends[1];
	NEED(virtio_fs_init(&fs, &loop, &memory, ends[0]) == 0);
	fs.device.status = VIRTIO_CONFIG_S_DRIVER_OK;
	queue->descriptors_address = DESCRIPTORS;
	queue->available_address = AVAILABLE;
	queue->used_address = USED;
	NEED(virtqueue_enable(queue) == 0);
}

/* COUNT readable segments: the first has FIRST bytes, each of the others one. */
static void offer(unsigned int count, uint32_t first)
{
	struct vring_desc *descriptors = memory_at(&memory, DESCRIPTORS, 16ul * VIRTQUEUE_SIZE);
	struct vring_avail *available = memory_at(&memory, AVAILABLE, 4);
	uint64_t at = DATA;

	for (unsigned int i = 0; i < count; i++) {
		descriptors[i] = (struct vring_desc){ at, i ? 1 : first,
			i + 1 < count ? VRING_DESC_F_NEXT : 0, (uint16_t)(i + 1) };
		at += descriptors[i].len;
	}
	available->flags = VRING_AVAIL_F_NO_INTERRUPT;
	available->ring[available->idx % VIRTQUEUE_SIZE] = 0;
	available->idx++;
	fs.device.type->notified(&fs.device, REQUESTS);
}

static void test_cuts(void)
{
	const struct fuse_in_header head = { .len = 400, .opcode = FUSE_FORGET, .unique = 7 };
	char *data = memory_at(&memory, DATA, 512), packet[1024];

	for (int i = 0; i < 512; i++)
		data[i] = (char)i;
	memcpy(data, &head, sizeof(head));
	for (uint32_t first = 1; first < HEAD + 3; first++) {
		const size_t bytes = first + VIRTQUEUE_SIZE - 1;

		offer(VIRTQUEUE_SIZE, first);
		CHECK(recv(server_fd, packet, sizeof(packet), MSG_DONTWAIT) == (ssize_t)bytes,
			"%u bytes and %d of one each: all arrive", first, VIRTQUEUE_SIZE - 1);
		CHECK(!memcmp(packet, data, bytes), "as they are");
	}
}

static void test_short(void)
{
	char packet[64];

	offer(1, HEAD - 1);
	CHECK(recv(server_fd, packet, sizeof(packet), MSG_DONTWAIT) < 0,
		"less than a head does not reach the server");
}

int main(void)
{
	begin();
	test_cuts();
	test_short();
	(void)close(server_fd);
	(void)close(fs.source.fd);
	loop_close(&loop);
	memory_free(&memory);
	return test_end();
}
