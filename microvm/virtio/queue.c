/* SPDX-License-Identifier: Apache-2.0 */
#include "microvm/virtio/queue.h"

#include <errno.h>
#include <linux/virtio_ring.h>
#include <string.h>

/* Where fields of the rings are, in steps of 16 bits; little-endian, aligned because the rings are. */
#define RING_FLAGS 0u
#define RING_INDEX 1u
#define RING_ITEMS 2u
#define USED_STEPS (sizeof(struct vring_used_elem) / sizeof(uint16_t))

static uint16_t ring_load(const uint16_t *ring, size_t step)
{
	return __atomic_load_n(ring + step, __ATOMIC_ACQUIRE);
}

static void ring_store(uint16_t *ring, size_t step, uint16_t value)
{
	__atomic_store_n(ring + step, value, __ATOMIC_RELEASE);
}

static size_t available_bytes(const struct virtqueue *queue)
{
	return sizeof(uint16_t) * (RING_ITEMS + queue->size + 1ul);
}

static size_t used_bytes(const struct virtqueue *queue)
{
	return sizeof(uint16_t) * (RING_ITEMS + USED_STEPS * queue->size + 1);
}

void virtqueue_reset(struct virtqueue *queue)
{
	struct memory *memory = queue->memory;

	*queue = (struct virtqueue){ .memory = memory, .size = VIRTQUEUE_SIZE };
}

int virtqueue_enable(struct virtqueue *queue)
{
	unsigned int size = queue->size;

	if (!size || size > VIRTQUEUE_SIZE || size & (size - 1))
		return -EINVAL;
	if (queue->descriptors_address % VRING_DESC_ALIGN_SIZE ||
		queue->available_address % VRING_AVAIL_ALIGN_SIZE ||
		queue->used_address % VRING_USED_ALIGN_SIZE)
		return -EINVAL;
	queue->descriptors = memory_at(queue->memory, queue->descriptors_address,
		(uint64_t)size * sizeof(struct vring_desc));
	queue->available =
		memory_at(queue->memory, queue->available_address, available_bytes(queue));
	queue->used = memory_at(queue->memory, queue->used_address, used_bytes(queue));
	if (!queue->descriptors || !queue->available || !queue->used)
		return -EINVAL;
	queue->enabled = true;
	return 0;
}

/* ---- taking requests -------------------------------------------------------------------------- */

/* A table that descriptors are read from: the queue's own, or an indirect one. */
struct table {
	const char *descriptors;
	unsigned int count;
	bool indirect;
};

static int chain_add(const struct virtqueue *queue, struct virtio_chain *chain,
	const struct vring_desc *descriptor)
{
	unsigned int count = chain->readable + chain->writable;
	bool writable = descriptor->flags & VRING_DESC_F_WRITE;
	void *host;

	/* 2.7.4.2: what the device writes comes after what it reads. */
	if (!writable && chain->writable)
		return -EINVAL;
	if (!descriptor->len)
		return 0;
	host = memory_at(queue->memory, descriptor->addr, descriptor->len);
	if (!host || count == VIRTQUEUE_SIZE)
		return -EINVAL;
	chain->segments[count] = (struct iovec){ host, descriptor->len };
	if (writable) {
		chain->writable++;
		chain->writable_bytes += descriptor->len;
	} else {
		chain->readable++;
		chain->readable_bytes += descriptor->len;
	}
	return 0;
}

/* 2.7.5.3: the last of its chain, a table of whole descriptors, not nested. */
static int table_enter(
	const struct virtqueue *queue, struct table *table, const struct vring_desc *descriptor)
{
	unsigned int count = descriptor->len / sizeof(*descriptor);

	if (table->indirect || descriptor->flags & VRING_DESC_F_NEXT ||
		descriptor->len % sizeof(*descriptor) || !count || count > VIRTQUEUE_SIZE)
		return -EINVAL;
	table->descriptors = memory_at(queue->memory, descriptor->addr, descriptor->len);
	table->count = count;
	table->indirect = true;
	return table->descriptors ? 0 : -EINVAL;
}

static int chain_follow(
	const struct virtqueue *queue, struct virtio_chain *chain, unsigned int index)
{
	struct table table = { queue->descriptors, queue->size, false };
	int r;

	/* No chain is longer than its table: a loop ends here. */
	for (unsigned int steps = 0; steps < table.count; steps++) {
		struct vring_desc descriptor;

		if (index >= table.count)
			return -EINVAL;
		memcpy(&descriptor, table.descriptors + index * sizeof(descriptor),
			sizeof(descriptor));
		/* The guest cannot change the copy, and the compiler must not look twice. */
		__asm__ volatile("" ::: "memory");
		if (descriptor.flags & VRING_DESC_F_INDIRECT) {
			r = table_enter(queue, &table, &descriptor);
			if (r < 0)
				return r;
			index = 0;
			/* The step into the table is none of the table's own. */
			steps = UINT32_MAX;
			continue;
		}
		r = chain_add(queue, chain, &descriptor);
		if (r < 0)
			return r;
		if (!(descriptor.flags & VRING_DESC_F_NEXT))
			return 0;
		index = descriptor.next;
	}
	return -EINVAL;
}

/* How many requests wait; more than the queue can hold is a lie. */
static int available_count(struct virtqueue *queue)
{
	uint16_t count =
		(uint16_t)(ring_load(queue->available, RING_INDEX) - queue->next_available);

	return count > queue->size ? -EINVAL : count;
}

/* Before the device sleeps: the driver rings for the next request. */
static int available_await(struct virtqueue *queue)
{
	if (!queue->event_index)
		return 0;
	ring_store(queue->used, RING_ITEMS + USED_STEPS * queue->size, queue->next_available);
	memory_mark_dirty(queue->memory, queue->used, used_bytes(queue));
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return available_count(queue);
}

int virtqueue_pop(struct virtqueue *queue, struct virtio_chain *chain)
{
	int r;

	if (!queue->enabled || queue->broken)
		return 0;
	r = available_count(queue);
	if (r == 0)
		r = available_await(queue);
	if (r > 0) {
		chain->head = ring_load(
			queue->available, RING_ITEMS + queue->next_available % queue->size);
		chain->readable = chain->writable = 0;
		chain->readable_bytes = chain->writable_bytes = 0;
		r = chain_follow(queue, chain, chain->head);
		if (r == 0) {
			queue->next_available++;
			return 1;
		}
	}
	if (r < 0)
		queue->broken = true;
	return r;
}

void *virtqueue_page(const struct virtqueue *queue, uint32_t number)
{
	return memory_at(queue->memory, number * (uint64_t)MEMORY_PAGE, MEMORY_PAGE);
}

void virtqueue_unpop(struct virtqueue *queue)
{
	queue->next_available--;
}

/* ---- giving them back ------------------------------------------------------------------------- */

void virtqueue_put(struct virtqueue *queue, const struct virtio_chain *chain, uint64_t written)
{
	struct vring_used_elem element = { .id = chain->head, .len = (uint32_t)written };
	size_t step = RING_ITEMS + USED_STEPS * (size_t)(queue->next_used % queue->size);

	for (unsigned int i = 0; i < chain->writable && written; i++) {
		const struct iovec *segment = &chain->segments[chain->readable + i];
		size_t bytes = segment->iov_len < written ? segment->iov_len : written;

		memory_mark_dirty(queue->memory, segment->iov_base, bytes);
		written -= bytes;
	}
	memcpy(queue->used + step, &element, sizeof(element));
	queue->next_used++;
	queue->put++;
}

void virtqueue_publish(struct virtqueue *queue)
{
	queue->put = 0;
	ring_store(queue->used, RING_INDEX, queue->next_used);
	memory_mark_dirty(queue->memory, queue->used, used_bytes(queue));
}

void virtqueue_withdraw(struct virtqueue *queue)
{
	queue->next_available -= queue->put;
	queue->next_used -= queue->put;
	queue->put = 0;
}

void virtqueue_push(struct virtqueue *queue, const struct virtio_chain *chain, uint64_t written)
{
	virtqueue_put(queue, chain, written);
	virtqueue_publish(queue);
}

bool virtqueue_wants_interrupt(struct virtqueue *queue)
{
	uint16_t told = queue->told_used, event;

	if (queue->next_used == told)
		return false;
	queue->told_used = queue->next_used;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (!queue->event_index)
		return !(ring_load(queue->available, RING_FLAGS) & VRING_AVAIL_F_NO_INTERRUPT);
	event = ring_load(queue->available, RING_ITEMS + queue->size);
	return vring_need_event(event, queue->next_used, told);
}

/* ---- bytes of a request ----------------------------------------------------------------------- */

unsigned int virtio_chain_slice(const struct virtio_chain *chain, bool writable, uint64_t offset,
	uint64_t length, struct iovec *pieces)
{
	const struct iovec *segment = chain->segments + (writable ? chain->readable : 0);
	unsigned int left = writable ? chain->writable : chain->readable, count = 0;

	for (; left && length; left--, segment++) {
		uint64_t bytes = segment->iov_len;

		if (offset >= bytes) {
			offset -= bytes;
			continue;
		}
		bytes -= offset;
		if (bytes > length)
			bytes = length;
		pieces[count++] = (struct iovec){ (char *)segment->iov_base + offset, bytes };
		length -= bytes;
		offset = 0;
	}
	return count;
}

size_t virtio_chain_read(
	const struct virtio_chain *chain, uint64_t offset, void *bytes, size_t length)
{
	struct iovec pieces[VIRTQUEUE_SIZE];
	unsigned int count = virtio_chain_slice(chain, false, offset, length, pieces);
	size_t done = 0;

	for (unsigned int i = 0; i < count; i++) {
		memcpy((char *)bytes + done, pieces[i].iov_base, pieces[i].iov_len);
		done += pieces[i].iov_len;
	}
	return done;
}

size_t virtio_chain_write(
	const struct virtio_chain *chain, uint64_t offset, const void *bytes, size_t length)
{
	struct iovec pieces[VIRTQUEUE_SIZE];
	unsigned int count = virtio_chain_slice(chain, true, offset, length, pieces);
	size_t done = 0;

	for (unsigned int i = 0; i < count; i++) {
		memcpy(pieces[i].iov_base, (const char *)bytes + done, pieces[i].iov_len);
		done += pieces[i].iov_len;
	}
	return done;
}
