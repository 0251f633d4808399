/* SPDX-License-Identifier: Apache-2.0 */
#include "microvm/virtio/blk.h"

#include <errno.h>
#include <linux/virtio_blk.h>
#include <linux/virtio_ids.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define SECTOR 512u

static struct blk *blk_of(struct virtio_device *device)
{
	return (struct blk *)((char *)device - offsetof(struct blk, device));
}

/* Data of a request to or from the file: all of it, or VIRTIO_BLK_S_IOERR. */
static uint8_t blk_transfer(
	const struct blk *blk, const struct virtio_chain *chain, uint64_t sector, uint64_t length)
{
	bool from_file = chain->readable_bytes == sizeof(struct virtio_blk_outhdr);
	struct iovec pieces[VIRTQUEUE_SIZE];
	uint64_t offset = from_file ? 0 : sizeof(struct virtio_blk_outhdr);
	off_t position;

	if (length % SECTOR || sector > blk->bytes / SECTOR ||
		length > blk->bytes - sector * SECTOR)
		return VIRTIO_BLK_S_IOERR;
	position = (off_t)(sector * SECTOR);
	while (length) {
		int count = (int)virtio_chain_slice(chain, from_file, offset, length, pieces);
		ssize_t done = from_file ? preadv(blk->fd, pieces, count, position)
					 : pwritev(blk->fd, pieces, count, position);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return VIRTIO_BLK_S_IOERR;
		offset += (uint64_t)done;
		length -= (uint64_t)done;
		position += done;
	}
	return VIRTIO_BLK_S_OK;
}

static uint8_t blk_serve(const struct blk *blk, const struct virtio_chain *chain)
{
	struct virtio_blk_outhdr header;
	uint64_t in = chain->writable_bytes - 1, out;
	uint8_t status = VIRTIO_BLK_S_UNSUPP;

	if (virtio_chain_read(chain, 0, &header, sizeof(header)) != sizeof(header))
		return VIRTIO_BLK_S_IOERR;
	out = chain->readable_bytes - sizeof(header);
	switch (header.type) {
	case VIRTIO_BLK_T_IN:
		status = out ? VIRTIO_BLK_S_IOERR : blk_transfer(blk, chain, header.sector, in);
		break;
	case VIRTIO_BLK_T_OUT:
		status = blk->read_only || in || !out
				 ? VIRTIO_BLK_S_IOERR
				 : blk_transfer(blk, chain, header.sector, out);
		break;
	case VIRTIO_BLK_T_FLUSH:
		status = fdatasync(blk->fd) < 0 ? VIRTIO_BLK_S_IOERR : VIRTIO_BLK_S_OK;
		break;
	case VIRTIO_BLK_T_GET_ID:
		(void)virtio_chain_write(
			chain, 0, blk->serial, in < BLK_SERIAL_BYTES ? in : BLK_SERIAL_BYTES);
		status = VIRTIO_BLK_S_OK;
		break;
	default:
		break;
	}
	return status;
}

static void blk_notified(struct virtio_device *device, unsigned int queue)
{
	const struct blk *blk = blk_of(device);
	struct virtio_chain chain;

	while (virtio_device_pop(device, queue, &chain)) {
		uint8_t status;

		/* Without a byte for the status there is nothing to answer with. */
		if (!chain.writable_bytes) {
			virtio_device_fail(device);
			return;
		}
		status = blk_serve(blk, &chain);
		(void)virtio_chain_write(&chain, chain.writable_bytes - 1, &status, 1);
		/* The last byte of all is written, so all of it counts. */
		virtio_device_push(device, queue, &chain, chain.writable_bytes);
	}
}

static void blk_config_read(
	struct virtio_device *device, uint32_t offset, void *bytes, unsigned int length)
{
	const struct virtio_blk_config config = {
		.capacity = blk_of(device)->bytes / SECTOR,
		.seg_max = VIRTQUEUE_SIZE - 2,
		.blk_size = SECTOR,
	};

	if (offset + length <= sizeof(config))
		memcpy(bytes, (const char *)&config + offset, length);
}

int blk_init(struct blk *blk, struct loop *loop, struct memory *memory, int fd, bool read_only,
	const char *serial)
{
	static const struct virtio_device_type type = {
		.name = "blk",
		.id = VIRTIO_ID_BLOCK,
		.class = 0x010000,
		.queue_count = 1,
		.features = 1ull << VIRTIO_BLK_F_SEG_MAX | 1ull << VIRTIO_BLK_F_FLUSH,
		.config_read = blk_config_read,
		.notified = blk_notified,
	};
	off_t end = lseek(fd, 0, SEEK_END);

	if (end < 0)
		return -errno;
	memset(blk, 0, sizeof(*blk));
	virtio_device_init(&blk->device, &type, loop, memory);
	if (read_only)
		blk->device.features |= 1ull << VIRTIO_BLK_F_RO;
	blk->fd = fd;
	blk->bytes = (uint64_t)end / SECTOR * SECTOR;
	blk->read_only = read_only;
	(void)snprintf(blk->serial, sizeof(blk->serial), "%s", serial);
	return 0;
}
