/* SPDX-License-Identifier: Apache-2.0 */
#include "microvm/virtio/rng.h"

#include <linux/virtio_ids.h>
#include <sys/random.h>

/* For one request: getrandom(2) gives so much in one piece, and no guest can keep us longer. */
#define RNG_MOST 256

static void rng_notified(struct virtio_device *device, unsigned int queue)
{
	struct virtio_chain chain;

	while (virtio_device_pop(device, queue, &chain)) {
		char bytes[RNG_MOST];
		size_t length = chain.writable_bytes < RNG_MOST ? chain.writable_bytes : RNG_MOST;
		ssize_t got = getrandom(bytes, length, 0);

		length = got > 0 ? virtio_chain_write(&chain, 0, bytes, (size_t)got) : 0;
		virtio_device_push(device, queue, &chain, length);
	}
}

void rng_init(struct virtio_device *device, struct loop *loop, struct memory *memory)
{
	static const struct virtio_device_type type = {
		.name = "rng",
		.id = VIRTIO_ID_RNG,
		.class = 0x100000,
		.queue_count = 1,
		.notified = rng_notified,
	};

	virtio_device_init(device, &type, loop, memory);
}
