/* SPDX-License-Identifier: Apache-2.0 */
/* What a hostile driver can write into a virtqueue. */
#include "microvm/virtio/queue.h"

#include <errno.h>
#include <linux/virtio_ring.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/unit/test.h"

#define BYTES	    (1ul << 20)
#define DESCRIPTORS 0x1000ul
#define AVAILABLE   0x2000ul
#define USED	    0x3000ul
#define TABLE	    0x4000ul
#define DATA	    0x8000ul
#define SIZE	    8

static struct memory memory;
static struct virtqueue queue;
static struct virtio_chain chain;

static struct vring_desc *descriptor(unsigned int index)
{
	return (struct vring_desc *)memory_at(&memory, DESCRIPTORS, 16) + index;
}

static struct vring_avail *available(void)
{
	return memory_at(&memory, AVAILABLE, 4 + 2 * SIZE);
}

static struct vring_used *used(void)
{
	return memory_at(&memory, USED, 4);
}

static void begin(void)
{
	memset(memory.slots[0].host, 0, 0x8000);
	queue.memory = &memory;
	virtqueue_reset(&queue);
	queue.size = SIZE;
	queue.descriptors_address = DESCRIPTORS;
	queue.available_address = AVAILABLE;
	queue.used_address = USED;
	NEED(virtqueue_enable(&queue) == 0);
}

/* Offer the chain that begins at HEAD. */
static int offer(uint16_t head)
{
	available()->ring[available()->idx % SIZE] = head;
	available()->idx++;
	return virtqueue_pop(&queue, &chain);
}

static void describe(
	unsigned int index, uint64_t address, uint32_t length, uint16_t flags, uint16_t next)
{
	*descriptor(index) = (struct vring_desc){ address, length, flags, next };
}

static void test_enable(void)
{
	static const struct {
		uint64_t descriptors, available, used;
		unsigned int size;
		const char *what;
	} rows[] = {
		{ DESCRIPTORS + 8, AVAILABLE, USED, SIZE, "descriptors that are not aligned" },
		{ DESCRIPTORS, AVAILABLE + 1, USED, SIZE, "an available ring that is not aligned" },
		{ DESCRIPTORS, AVAILABLE, USED + 2, SIZE, "a used ring that is not aligned" },
		{ BYTES - 16, AVAILABLE, USED, SIZE, "descriptors beyond the end of memory" },
		{ DESCRIPTORS, UINT64_MAX - 1, USED, SIZE, "an address that overflows" },
		{ DESCRIPTORS, AVAILABLE, BYTES, SIZE, "a used ring that is no memory" },
		{ DESCRIPTORS, AVAILABLE, USED, 0, "no size" },
		{ DESCRIPTORS, AVAILABLE, USED, 6, "a size that is no power of two" },
		{ DESCRIPTORS, AVAILABLE, USED, 512, "a size that is too big" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		queue.memory = &memory;
		virtqueue_reset(&queue);
		queue.size = (uint16_t)rows[i].size;
		queue.descriptors_address = rows[i].descriptors;
		queue.available_address = rows[i].available;
		queue.used_address = rows[i].used;
		CHECK(virtqueue_enable(&queue) == -EINVAL && !queue.enabled, "refused: %s",
			rows[i].what);
	}
}

static void test_chain(void)
{
	char text[16] = "";

	begin();
	CHECK(virtqueue_pop(&queue, &chain) == 0, "nothing is offered");
	memcpy(memory_at(&memory, DATA, 8), "onetwo", 6);
	describe(0, DATA, 3, VRING_DESC_F_NEXT, 3);
	describe(3, DATA + 3, 3, VRING_DESC_F_NEXT, 5);
	describe(5, DATA + 64, 8, VRING_DESC_F_WRITE, 0);
	CHECK(offer(0) == 1 && chain.readable == 2 && chain.writable == 1, "a chain of three");
	CHECK(virtio_chain_read(&chain, 1, text, sizeof(text)) == 5 && !memcmp(text, "netwo", 5),
		"reads go across segments");
	CHECK(virtio_chain_write(&chain, 6, "three", 5) == 2, "writes end with the last segment");
	virtqueue_push(&queue, &chain, 8);
	CHECK(used()->idx == 1 && used()->ring[0].id == 0 && used()->ring[0].len == 8,
		"it is in the used ring");
	CHECK(virtqueue_wants_interrupt(&queue), "the driver wants an interrupt");
	CHECK(!virtqueue_wants_interrupt(&queue), "and no second one");
	describe(1, DATA, 0, VRING_DESC_F_NEXT, 2);
	describe(2, DATA, 4, 0, 0);
	CHECK(offer(1) == 1 && chain.readable == 1, "an empty segment is left out");
	virtqueue_unpop(&queue);
	CHECK(virtqueue_pop(&queue, &chain) == 1 && chain.head == 1, "taken again after unpop");
}

static void test_broken_chains(void)
{
	static const struct {
		struct vring_desc first, second;
		const char *what;
	} rows[] = {
		{ { DATA, 4, VRING_DESC_F_NEXT, 0 }, { 0 }, "a loop of one" },
		{ { DATA, 4, VRING_DESC_F_NEXT, 1 }, { DATA, 4, VRING_DESC_F_NEXT, 0 },
			"a loop of two" },
		{ { DATA, 4, VRING_DESC_F_NEXT, SIZE }, { 0 }, "a next that is none" },
		{ { DATA, 4, VRING_DESC_F_WRITE | VRING_DESC_F_NEXT, 1 }, { DATA, 4, 0, 0 },
			"readable behind writable" },
		{ { BYTES, 4, 0, 0 }, { 0 }, "an address beyond memory" },
		{ { BYTES - 2, 4, 0, 0 }, { 0 }, "an end beyond memory" },
		{ { UINT64_MAX, 4, 0, 0 }, { 0 }, "an address that overflows" },
		{ { DATA, UINT32_MAX, 0, 0 }, { 0 }, "a length beyond memory" },
		{ { TABLE, 0, VRING_DESC_F_INDIRECT, 0 }, { 0 }, "an empty table" },
		{ { TABLE, 24, VRING_DESC_F_INDIRECT, 0 }, { 0 }, "half a descriptor in a table" },
		{ { TABLE, 16 * 257, VRING_DESC_F_INDIRECT, 0 }, { 0 },
			"a table that is too long" },
		{ { TABLE, 16, VRING_DESC_F_INDIRECT | VRING_DESC_F_NEXT, 1 }, { DATA, 4, 0, 0 },
			"a table with something behind it" },
		{ { BYTES, 16, VRING_DESC_F_INDIRECT, 0 }, { 0 }, "a table beyond memory" },
		{ { DESCRIPTORS, 16, VRING_DESC_F_INDIRECT, 0 }, { 0 }, "the queue's own table" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		begin();
		*descriptor(0) = rows[i].first;
		*descriptor(1) = rows[i].second;
		CHECK(offer(0) == -EINVAL && queue.broken, "refused: %s", rows[i].what);
		CHECK(virtqueue_pop(&queue, &chain) == 0, "and the queue is dead: %s",
			rows[i].what);
	}
	begin();
	CHECK(offer(SIZE) == -EINVAL, "refused: a head that is none");
	begin();
	available()->idx = SIZE + 1;
	CHECK(virtqueue_pop(&queue, &chain) == -EINVAL,
		"refused: more requests than the queue has room for");
}

static void test_indirect(void)
{
	struct vring_desc *table = memory_at(&memory, TABLE, 32);

	begin();
	describe(0, DATA, 4, VRING_DESC_F_NEXT, 1);
	describe(1, TABLE, 32, VRING_DESC_F_INDIRECT, 0);
	table[0] = (struct vring_desc){ DATA + 8, 4, VRING_DESC_F_NEXT, 1 };
	table[1] = (struct vring_desc){ DATA + 16, 4, VRING_DESC_F_WRITE, 0 };
	CHECK(offer(0) == 1 && chain.readable == 2 && chain.writable == 1,
		"a table behind a descriptor");
	begin();
	describe(0, TABLE, 32, VRING_DESC_F_INDIRECT, 0);
	table[0] = (struct vring_desc){ TABLE, 16, VRING_DESC_F_INDIRECT, 0 };
	CHECK(offer(0) == -EINVAL, "refused: a table in a table");
	begin();
	describe(0, TABLE, 32, VRING_DESC_F_INDIRECT, 0);
	table[0] = (struct vring_desc){ DATA, 4, VRING_DESC_F_NEXT, 1 };
	table[1] = (struct vring_desc){ DATA, 4, VRING_DESC_F_NEXT, 0 };
	CHECK(offer(0) == -EINVAL, "refused: a loop in a table");
	begin();
	describe(0, TABLE, 32, VRING_DESC_F_INDIRECT, 0);
	table[0] = (struct vring_desc){ DATA, 4, VRING_DESC_F_NEXT, 2 };
	CHECK(offer(0) == -EINVAL, "refused: a next beyond its table");
}

static void test_dirty(void)
{
	begin();
	memory_track_dirty(&memory, true);
	describe(0, DATA + 4090, 8, VRING_DESC_F_WRITE, 0);
	NEED(offer(0) == 1);
	virtqueue_push(&queue, &chain, 8);
	CHECK(memory_take_dirty(&memory, DATA) && memory_take_dirty(&memory, DATA + 4096),
		"both pages that a device wrote are dirty");
	CHECK(memory_take_dirty(&memory, USED), "so is the used ring");
	CHECK(!memory_take_dirty(&memory, DATA), "a page that was asked for is clean again");
	CHECK(!memory_take_dirty(&memory, DESCRIPTORS), "what was only read is clean");
	memory_track_dirty(&memory, false);
}

int main(void)
{
	NEED(memory_make(&memory, BYTES) == 0);
	test_enable();
	test_chain();
	test_broken_chains();
	test_indirect();
	test_dirty();
	memory_free(&memory);
	return test_end();
}
