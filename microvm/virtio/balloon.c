/* SPDX-License-Identifier: Apache-2.0 */
#include "microvm/virtio/balloon.h"

#include <linux/virtio_balloon.h>
#include <linux/virtio_config.h>
#include <linux/virtio_ids.h>
#include <string.h>

#include "microvm/virtio/pci.h"

/* Without statistics and hints the queue of free pages is the third, as drivers count (5.5.2). */
enum { QUEUE_INFLATE, QUEUE_DEFLATE, QUEUE_REPORTING, QUEUES };

/* Requests in a row, before other devices have their turn. */
#define REQUESTS_AT_ONCE 16
/* Numbers of pages in one request; Linux has 256. */
#define NUMBERS_AT_ONCE 16384u

static struct balloon *balloon_of(struct virtio_device *device)
{
	return (struct balloon *)((char *)device - offsetof(struct balloon, device));
}

/* ---- pages that the guest gives up ---------------------------------------------------------------- */

/* Pages beside each other, which cost one call of the kernel. */
struct run {
	char *begin;
	size_t bytes;
};

static void run_end(struct virtio_device *device, struct run *run)
{
	if (run->bytes)
		memory_discard(device->queues[QUEUE_INFLATE].memory, run->begin, run->bytes);
	run->bytes = 0;
}

static void run_add(struct virtio_device *device, struct run *run, char *page)
{
	if (run->bytes && page == run->begin + run->bytes) {
		run->bytes += MEMORY_PAGE;
	} else if (run->bytes && page + MEMORY_PAGE == run->begin) {
		run->begin = page;
		run->bytes += MEMORY_PAGE;
	} else {
		run_end(device, run);
		*run = (struct run){ page, MEMORY_PAGE };
	}
}

/* False when the guest names a page that it has not got, or far too many. */
static bool balloon_take_pages(struct virtio_device *device, const struct virtio_chain *chain)
{
	struct run run = { 0 };
	uint32_t numbers[256];
	uint64_t offset = 0;
	size_t got;

	if (chain->readable_bytes > NUMBERS_AT_ONCE * sizeof(numbers[0]))
		return false;
	/* A copy: what is looked at must not change meanwhile. */
	while ((got = virtio_chain_read(chain, offset, numbers, sizeof(numbers))) > 0) {
		for (size_t i = 0; i < got / sizeof(numbers[0]); i++) {
			char *page = virtqueue_page(&device->queues[QUEUE_INFLATE], numbers[i]);

			if (!page)
				return false;
			run_add(device, &run, page);
		}
		offset += got;
	}
	run_end(device, &run);
	return true;
}

/* ---- pages that are free ---------------------------------------------------------------------------- */

static void balloon_take_free(struct virtio_device *device, const struct virtio_chain *chain)
{
	for (unsigned int i = 0; i < chain->writable; i++) {
		const struct iovec *segment = &chain->segments[chain->readable + i];

		memory_discard(device->queues[QUEUE_REPORTING].memory, segment->iov_base,
			segment->iov_len);
	}
}

static void balloon_notified(struct virtio_device *device, unsigned int queue)
{
	struct virtio_chain chain;

	for (int i = 0; i < REQUESTS_AT_ONCE; i++) {
		if (!virtio_device_pop(device, queue, &chain))
			return;
		if (queue == QUEUE_REPORTING) {
			balloon_take_free(device, &chain);
		} else if (queue == QUEUE_INFLATE && !balloon_take_pages(device, &chain)) {
			virtio_device_fail(device);
			return;
		}
		/* A page that leaves the balloon needs nothing: the kernel gives one when it is used. */
		virtio_device_push(device, queue, &chain, 0);
	}
	virtio_device_again(device, queue);
}

/* ---- the device --------------------------------------------------------------------------------------- */

static void balloon_config_read(
	struct virtio_device *device, uint32_t offset, void *bytes, unsigned int length)
{
	const struct balloon *balloon = balloon_of(device);
	const uint32_t config[] = { balloon->target, balloon->actual };

	if (offset + length <= sizeof(config))
		memcpy(bytes, (const char *)config + offset, length);
}

/* The second field is the driver's. */
static void balloon_config_write(
	struct virtio_device *device, uint32_t offset, const void *bytes, unsigned int length)
{
	struct balloon *balloon = balloon_of(device);

	if (offset == offsetof(struct virtio_balloon_config, actual) &&
		length == sizeof(balloon->actual))
		memcpy(&balloon->actual, bytes, length);
}

static void balloon_reset(struct virtio_device *device)
{
	balloon_of(device)->actual = 0;
}

void balloon_set_target(struct balloon *balloon, uint32_t pages)
{
	if (balloon->target == pages)
		return;
	balloon->target = pages;
	if (balloon_is_driven(balloon))
		virtio_pci_interrupt_config(balloon->device.transport);
}

bool balloon_is_driven(const struct balloon *balloon)
{
	return balloon->device.status & VIRTIO_CONFIG_S_DRIVER_OK;
}

void balloon_init(struct balloon *balloon, struct loop *loop, struct memory *memory)
{
	static const struct virtio_device_type type = {
		.name = "balloon",
		.id = VIRTIO_ID_BALLOON,
		.class = 0x050000,
		.queue_count = QUEUES,
		.features = 1ull << VIRTIO_BALLOON_F_REPORTING,
		.config_read = balloon_config_read,
		.config_write = balloon_config_write,
		.notified = balloon_notified,
		.reset = balloon_reset,
	};

	memset(balloon, 0, sizeof(*balloon));
	virtio_device_init(&balloon->device, &type, loop, memory);
}
