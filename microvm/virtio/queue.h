/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_MICROVM_VIRTIO_QUEUE_H
#define HULL_MICROVM_VIRTIO_QUEUE_H

/*
 * Split virtqueues (virtio 1.2, 2.7): the only place that turns what a guest
 * writes into pointers. The guest may change all of it at any time, so each
 * descriptor is copied once and only the copy is checked and used. A guest that
 * breaks the rules loses the queue until it resets the device (-EINVAL).
 */
#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

#include "microvm/memory.h"

#define VIRTQUEUE_SIZE 256

struct virtqueue {
	struct memory *memory;
	/* What the driver sets before it enables the queue. */
	uint64_t descriptors_address, available_address, used_address;
	uint16_t size;
	bool enabled, broken;
	bool event_index; /* VIRTIO_RING_F_EVENT_IDX */

	/* Where these lie: checked when the queue was enabled. */
	const char *descriptors;
	uint16_t *available, *used;
	uint16_t next_available, next_used;
	uint16_t told_used; /* next_used when the driver was last interrupted */
	uint16_t put;	    /* requests done that the driver has not been shown yet */
};

/* One request: first what the device reads, then what it writes. */
struct virtio_chain {
	uint16_t head;
	unsigned int readable, writable; /* numbers of segments */
	uint64_t readable_bytes, writable_bytes;
	struct iovec segments[VIRTQUEUE_SIZE]; /* readable ones first, none of them empty */
};

void virtqueue_reset(struct virtqueue *queue);

/* The driver enables it: -EINVAL when its rings are not aligned, in RAM or of a proper size. */
int virtqueue_enable(struct virtqueue *queue);

/* 1 and the next request, 0 when there is none (the driver rings when there is), or -EINVAL. */
int virtqueue_pop(struct virtqueue *queue, struct virtio_chain *chain);

/* Give the last request of virtqueue_pop back to the queue, as if it had not been taken. */
void virtqueue_unpop(struct virtqueue *queue);

/* The request is done, WRITTEN bytes were put into its writable segments. */
void virtqueue_push(struct virtqueue *queue, const struct virtio_chain *chain, uint64_t written);

/*
 * The same in two steps, for what takes several requests at once: the driver sees none of
 * those put before they are published. Or they are taken back, as if none had been popped.
 */
void virtqueue_put(struct virtqueue *queue, const struct virtio_chain *chain, uint64_t written);
void virtqueue_publish(struct virtqueue *queue);
void virtqueue_withdraw(struct virtqueue *queue);

/* The page with this number of the guest's memory, for devices that are told of pages; or NULL. */
void *virtqueue_page(const struct virtqueue *queue, uint32_t number);

/* After pushes: true when the driver wants an interrupt. */
bool virtqueue_wants_interrupt(struct virtqueue *queue);

/* Copy from the readable or into the writable segments, from OFFSET on; the bytes that fit. */
size_t virtio_chain_read(
	const struct virtio_chain *chain, uint64_t offset, void *bytes, size_t length);
size_t virtio_chain_write(
	const struct virtio_chain *chain, uint64_t offset, const void *bytes, size_t length);

/*
 * LENGTH bytes from OFFSET on of what is readable or (WRITABLE) writable, as at most
 * VIRTQUEUE_SIZE pieces; returns how many there are.
 */
unsigned int virtio_chain_slice(const struct virtio_chain *chain, bool writable, uint64_t offset,
	uint64_t length, struct iovec *pieces);

#endif
