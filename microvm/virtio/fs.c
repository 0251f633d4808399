/* SPDX-License-Identifier: Apache-2.0 */
#include "microvm/virtio/fs.h"

#include <errno.h>
#include <linux/fuse.h>
#include <linux/virtio_fs.h>
#include <linux/virtio_ids.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "microvm/fs/fs.h"

enum { QUEUE_URGENT, QUEUE_REQUESTS, FS_QUEUES };

static struct virtio_fs *fs_of(struct virtio_device *device)
{
	return (struct virtio_fs *)((char *)device - offsetof(struct virtio_fs, device));
}

static bool has_reply(const struct fuse_in_header *head)
{
	return head->opcode != FUSE_FORGET && head->opcode != FUSE_BATCH_FORGET;
}

/* A request that the server shall not see is answered here. */
static void fs_refuse(struct virtio_fs *fs, unsigned int queue, const struct virtio_chain *chain,
	uint64_t unique, int error)
{
	const struct fuse_out_header out = { sizeof(out), error, unique };

	virtio_device_push(
		&fs->device, queue, chain, virtio_chain_write(chain, 0, &out, sizeof(out)));
}

/* Hand one request on; false when the server takes no more now. */
static bool fs_hand_on(struct virtio_fs *fs, unsigned int queue, const struct virtio_chain *chain)
{
	struct fuse_in_header head = { 0 };
	struct iovec pieces[1 + VIRTQUEUE_SIZE]; /* the head is one, and its segment may go on */
	struct msghdr message = { .msg_iov = pieces };

	if (virtio_chain_read(chain, 0, &head, sizeof(head)) != sizeof(head) ||
		chain->readable_bytes > FS_PACKET) {
		fs_refuse(fs, queue, chain, head.unique, -EINVAL);
		return true;
	}
	/*
	 * The rest goes from the guest's memory to the socket in one copy. The head is
	 * the one that was looked at, so a guest that changes it meanwhile gains nothing.
	 */
	pieces[0] = (struct iovec){ &head, sizeof(head) };
	message.msg_iovlen = 1 + virtio_chain_slice(chain, false, sizeof(head),
					 chain->readable_bytes - sizeof(head), pieces + 1);
	if (sendmsg(fs->source.fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL) < 0) {
		if (errno == EAGAIN)
			return false;
		fs_refuse(fs, queue, chain, head.unique, -EIO);
	} else if (!has_reply(&head)) {
		virtio_device_push(&fs->device, queue, chain, 0);
	} else {
		unsigned int slot = (fs->first + fs->count++) % FS_WAITING;

		fs->waiting[slot].queue = queue;
		fs->waiting[slot].chain = *chain;
	}
	return true;
}

static void fs_notified(struct virtio_device *device, unsigned int queue)
{
	struct virtio_fs *fs = fs_of(device);
	struct virtio_chain chain;

	while (fs->count + fs->stale < FS_WAITING && virtio_device_pop(device, queue, &chain))
		if (!fs_hand_on(fs, queue, &chain)) {
			virtqueue_unpop(&device->queues[queue]);
			return;
		}
}

static void fs_take_reply(struct virtio_fs *fs)
{
	struct virtio_chain *chain = &fs->waiting[fs->first].chain;
	unsigned int queue = fs->waiting[fs->first].queue;
	struct iovec pieces[VIRTQUEUE_SIZE];
	struct msghdr message = { .msg_iov = pieces };
	char nothing[1];
	ssize_t got;

	message.msg_iovlen = virtio_chain_slice(chain, true, 0, chain->writable_bytes, pieces);
	if (fs->stale || !fs->count || !message.msg_iovlen) {
		pieces[0] = (struct iovec){ nothing, sizeof(nothing) };
		message.msg_iovlen = 1;
	}
	got = recvmsg(fs->source.fd, &message, MSG_DONTWAIT);
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got <= 0) {
		/* The server is gone, and nothing will be answered any more. */
		(void)loop_watch(fs->device.loop, &fs->source, 0);
		virtio_device_fail(&fs->device);
	} else if (fs->stale) {
		fs->stale--;
	} else if (fs->count) {
		fs->first = (fs->first + 1) % FS_WAITING;
		fs->count--;
		virtio_device_push(&fs->device, queue, chain, (uint64_t)got);
	}
}

static void fs_ready(void *context, uint32_t events)
{
	struct virtio_fs *fs = context;

	(void)events;
	fs_take_reply(fs);
	/* There is room again for what had to wait. */
	for (unsigned int i = 0; i < FS_QUEUES; i++)
		fs_notified(&fs->device, i);
}

static void fs_reset(struct virtio_device *device)
{
	struct virtio_fs *fs = fs_of(device);

	fs->stale += fs->count;
	fs->first = fs->count = 0;
}

static void fs_config_read(
	struct virtio_device *device, uint32_t offset, void *bytes, unsigned int length)
{
	const struct virtio_fs_config config = {
		.tag = FS_TAG,
		.num_request_queues = FS_QUEUES - 1,
	};

	(void)device;
	if (offset + length <= sizeof(config))
		memcpy(bytes, (const char *)&config + offset, length);
}

int virtio_fs_init(struct virtio_fs *fs, struct loop *loop, struct memory *memory, int socket_fd)
{
	static const struct virtio_device_type type = {
		.name = "fs",
		.id = VIRTIO_ID_FS,
		.class = 0x018000,
		.queue_count = FS_QUEUES,
		.config_read = fs_config_read,
		.notified = fs_notified,
		.reset = fs_reset,
	};

	memset(fs, 0, sizeof(*fs));
	virtio_device_init(&fs->device, &type, loop, memory);
	fs->source = (struct loop_source){ socket_fd, fs_ready, fs, 0 };
	return loop_watch(loop, &fs->source, EPOLLIN);
}
