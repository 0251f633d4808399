/* SPDX-License-Identifier: Apache-2.0 */
/* The balloon as a driver sees it; what is in the guest's memory tells whether a page was taken. */
#include <linux/virtio_balloon.h>
#include <linux/virtio_config.h>
#include <linux/virtio_ring.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "microvm/virtio/balloon.h"
#include "microvm/virtio/pci.h"
#include "tests/unit/test.h"

enum { INFLATE, DEFLATE, REPORTING };
#define RINGS  0x4000ul /* from one queue's to the next */
#define LIST   0x10000ul
#define FIRST  32u /* the first of the pages that are played with */
#define MEMORY (1ul << 20)

static struct memory memory;
static struct loop loop;
static struct kvm kvm = { .fd = -1, .vm_fd = -1 };
static struct interrupts interrupts = { .kvm = &kvm };
static struct pci_bus bus;
static struct virtio_pci transport;
static struct balloon balloon;

static uint64_t ring(unsigned int queue, unsigned int part)
{
	return 0x1000 + queue * RINGS + part * 0x1000ul;
}

static unsigned int used(unsigned int queue)
{
	const struct vring_used *ring_used = memory_at(&memory, ring(queue, 2), 4);

	return ring_used->idx;
}

/* Every page says that it is there. */
static void begin(void)
{
	memset(memory.slots[0].host, 0, LIST);
	memset(memory.slots[0].host + LIST, 'x', MEMORY - LIST);
	balloon.device.type->reset(&balloon.device);
	for (unsigned int i = 0; i < 3; i++) {
		struct virtqueue *queue = &balloon.device.queues[i];

		virtqueue_reset(queue);
		queue->descriptors_address = ring(i, 0);
		queue->available_address = ring(i, 1);
		queue->used_address = ring(i, 2);
		NEED(virtqueue_enable(queue) == 0);
	}
	balloon.device.status = VIRTIO_CONFIG_S_DRIVER_OK;
}

static bool is_there(unsigned int page)
{
	return memory.slots[0].host[page * MEMORY_PAGE] == 'x';
}

/* A request of one buffer, and the bell. */
static void offer(unsigned int queue, uint64_t address, uint32_t bytes)
{
	struct vring_desc *descriptors = memory_at(&memory, ring(queue, 0), 16ul * VIRTQUEUE_SIZE);
	struct vring_avail *available = memory_at(&memory, ring(queue, 1), 4);

	descriptors[0] = (struct vring_desc){ address, bytes,
		queue == REPORTING ? VRING_DESC_F_WRITE : 0, 0 };
	available->ring[available->idx % VIRTQUEUE_SIZE] = 0;
	available->idx++;
	balloon.device.type->notified(&balloon.device, queue);
}

static void give(const uint32_t *pages, size_t bytes)
{
	memcpy(memory.slots[0].host + LIST, pages, bytes);
	offer(INFLATE, LIST, (uint32_t)bytes);
}

static void test_config(void)
{
	struct virtio_balloon_config config = { 0 };
	uint32_t actual = 7;

	begin();
	balloon_set_target(&balloon, 40);
	balloon.device.type->config_read(&balloon.device, 0, &config, 2 * sizeof(uint32_t));
	CHECK(config.num_pages == 40 && config.actual == 0, "the driver reads what is wanted");
	balloon.device.type->config_write(&balloon.device, 4, &actual, 4);
	CHECK(balloon.actual == 7, "and writes what there is");
	balloon.device.type->config_write(&balloon.device, 0, &actual, 4);
	balloon.device.type->config_write(&balloon.device, 6, &actual, 4);
	balloon.device.type->config_write(&balloon.device, 4, &actual, 2);
	balloon.device.type->config_write(&balloon.device, 0xffc, &actual, 4);
	CHECK(balloon.target == 40 && balloon.actual == 7, "and nothing else");
	balloon.device.type->reset(&balloon.device);
	CHECK(balloon.target == 40 && balloon.actual == 0, "after a reset it begins anew");
}

static void test_inflate(void)
{
	const uint32_t pages[] = { FIRST, FIRST + 1, FIRST + 2, FIRST + 9, FIRST + 8, FIRST + 5 };

	begin();
	memory_track_dirty(&memory, true);
	give(pages, sizeof(pages));
	CHECK(used(INFLATE) == 1, "a list of pages is taken");
	for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++)
		CHECK(!is_there(pages[i]), "each of them");
	CHECK(is_there(FIRST - 1) && is_there(FIRST + 3) && is_there(FIRST + 6) &&
			is_there(FIRST + 7) && is_there(FIRST + 10),
		"and none beside them");
	CHECK(memory_take_dirty(&memory, (FIRST + 9) * MEMORY_PAGE), "they have changed");
	memory_track_dirty(&memory, false);
	offer(DEFLATE, LIST, 4);
	CHECK(used(DEFLATE) == 1, "who wants one back gets it");
}

static void test_reporting(void)
{
	begin();
	offer(REPORTING, FIRST * MEMORY_PAGE, 3 * MEMORY_PAGE);
	CHECK(used(REPORTING) == 1 && !is_there(FIRST) && !is_there(FIRST + 2) &&
			is_there(FIRST + 3),
		"free pages go back");
	offer(REPORTING, (FIRST + 8) * MEMORY_PAGE - 1, 2 * MEMORY_PAGE);
	CHECK(is_there(FIRST + 7) && !is_there(FIRST + 8) && is_there(FIRST + 9),
		"only whole ones");
	offer(REPORTING, (FIRST + 12) * MEMORY_PAGE + 1, MEMORY_PAGE - 1);
	CHECK(used(REPORTING) == 3 && is_there(FIRST + 12), "a part of one is none");
}

static void test_hostile(void)
{
	const uint32_t outside[] = { FIRST, MEMORY / MEMORY_PAGE };
	const uint32_t far[] = { 0xffffffff };

	begin();
	give(outside, sizeof(outside));
	CHECK(balloon.device.status & VIRTIO_CONFIG_S_NEEDS_RESET && used(INFLATE) == 0,
		"a page that is none ends it until a reset");
	begin();
	give(far, sizeof(far));
	CHECK(balloon.device.status & VIRTIO_CONFIG_S_NEEDS_RESET, "however far");
	begin();
	give(outside, 0);
	CHECK(used(INFLATE) == 1, "a list of nothing is no page");
	give(outside, 7);
	CHECK(used(INFLATE) == 2 && !is_there(FIRST), "half a number is none");
	begin();
	offer(INFLATE, LIST, 0x20000);
	CHECK(balloon.device.status & VIRTIO_CONFIG_S_NEEDS_RESET && is_there(FIRST),
		"a list that would keep the monitor busy is refused");
	begin();
	offer(REPORTING, MEMORY - MEMORY_PAGE, 2 * MEMORY_PAGE);
	CHECK(balloon.device.status & VIRTIO_CONFIG_S_NEEDS_RESET &&
			is_there(MEMORY / MEMORY_PAGE - 1),
		"free pages beyond the end are none");
}

/* A ring that never ends is served in turns. */
static void test_many(void)
{
	struct vring_avail *available = memory_at(&memory, ring(DEFLATE, 1), 4);
	struct doorbell *bell = &transport.doorbells[DEFLATE];

	begin();
	available->idx = 39;
	offer(DEFLATE, LIST, 4);
	CHECK(used(DEFLATE) < 40, "many requests do not keep other devices waiting");
	for (int i = 0; i < 3; i++)
		bell->source.ready(bell->source.context, EPOLLIN);
	CHECK(used(DEFLATE) == 40, "and all of them are served");
}

int main(void)
{
	NEED(memory_make(&memory, MEMORY) == 0 && loop_open(&loop) == 0);
	pci_bus_init(&bus);
	balloon_init(&balloon, &loop, &memory);
	NEED(virtio_pci_attach(&transport, &balloon.device, &kvm, &interrupts, &bus) == 0);
	test_config();
	test_inflate();
	test_reporting();
	test_hostile();
	test_many();
	virtio_pci_close(&transport);
	interrupts_close(&interrupts);
	loop_close(&loop);
	memory_free(&memory);
	return test_end();
}
