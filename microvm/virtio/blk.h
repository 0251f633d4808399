/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_MICROVM_VIRTIO_BLK_H
#define HULL_MICROVM_VIRTIO_BLK_H

/* A disk (virtio 1.2, 5.2) that is a file or a block device of the host. */
#include "microvm/virtio/device.h"

#define BLK_SERIAL_BYTES 20

struct blk {
	struct virtio_device device;
	int fd;
	uint64_t bytes;
	bool read_only;
	char serial[BLK_SERIAL_BYTES + 1];
};

/* SERIAL is what the guest finds in /sys/block/vdX/serial. Takes FD. */
int blk_init(struct blk *blk, struct loop *loop, struct memory *memory, int fd, bool read_only,
	const char *serial);

#endif
