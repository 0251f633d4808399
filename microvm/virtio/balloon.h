/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_MICROVM_VIRTIO_BALLOON_H
#define HULL_MICROVM_VIRTIO_BALLOON_H

/*
 * The memory balloon (virtio 1.2, 5.5): pages that the guest gives up when it is asked to, and
 * pages that it tells are free (5.5.6.7). Either go back to the host at once; a page that is
 * used again is a fresh one.
 */
#include "microvm/virtio/device.h"

struct balloon {
	struct virtio_device device;
	uint32_t target, actual; /* pages in the balloon: wanted, and as the driver says */
};

void balloon_init(struct balloon *balloon, struct loop *loop, struct memory *memory);

/* How many pages of MEMORY_PAGE the guest shall do without; the driver is told. */
void balloon_set_target(struct balloon *balloon, uint32_t pages);

/* Whether the guest has a driver for it. */
bool balloon_is_driven(const struct balloon *balloon);

#endif
