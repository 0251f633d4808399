/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_MICROVM_VIRTIO_FS_H
#define HULL_MICROVM_VIRTIO_FS_H

/*
 * The shared file system (virtio 1.2, 5.11): requests are handed as packets to the
 * process of microvm/fs/, and its replies back. That process answers in the order in
 * which it was asked, so what waits is a queue.
 */
#include "microvm/virtio/device.h"

#define FS_TAG	   "hull"
#define FS_WAITING 64

struct virtio_fs {
	struct virtio_device device;
	struct loop_source source; /* the socket to the server */
	struct {
		unsigned int queue;
		struct virtio_chain chain;
	} waiting[FS_WAITING];
	unsigned int first, count; /* of those that wait for a reply */
	/* After a reset: replies to what was asked before it. */
	unsigned int stale;
};

/* SOCKET_FD: what fs_start returned. */
int virtio_fs_init(struct virtio_fs *fs, struct loop *loop, struct memory *memory, int socket_fd);

#endif
