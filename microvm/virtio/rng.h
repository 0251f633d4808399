/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_MICROVM_VIRTIO_RNG_H
#define HULL_MICROVM_VIRTIO_RNG_H

/* Entropy of the host (virtio 1.2, 5.4). */
#include "microvm/virtio/device.h"

void rng_init(struct virtio_device *device, struct loop *loop, struct memory *memory);

#endif
