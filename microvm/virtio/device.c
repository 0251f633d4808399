/* SPDX-License-Identifier: Apache-2.0 */
#include "microvm/virtio/device.h"

#include <linux/virtio_config.h>

#include "microvm/virtio/pci.h"

void virtio_device_init(struct virtio_device *device, const struct virtio_device_type *type,
	struct loop *loop, struct memory *memory)
{
	*device = (struct virtio_device){
		.type = type,
		.loop = loop,
		.features = type->features,
		.queue_count = type->queue_count,
	};
	for (unsigned int i = 0; i < VIRTIO_QUEUES; i++) {
		device->queues[i].memory = memory;
		virtqueue_reset(&device->queues[i]);
	}
}

bool virtio_device_has(const struct virtio_device *device, unsigned int feature)
{
	return device->driver_features >> feature & 1;
}

bool virtio_device_pop(struct virtio_device *device, unsigned int queue, struct virtio_chain *chain)
{
	int r;

	if (!(device->status & VIRTIO_CONFIG_S_DRIVER_OK))
		return false;
	r = virtqueue_pop(&device->queues[queue], chain);
	if (r < 0)
		virtio_device_fail(device);
	return r > 0;
}

void virtio_device_push(struct virtio_device *device, unsigned int queue,
	const struct virtio_chain *chain, uint64_t written)
{
	virtqueue_push(&device->queues[queue], chain, written);
	virtio_device_interrupt(device, queue);
}

void virtio_device_interrupt(struct virtio_device *device, unsigned int queue)
{
	if (virtqueue_wants_interrupt(&device->queues[queue]))
		virtio_pci_interrupt(device->transport, queue);
}

void virtio_device_again(struct virtio_device *device, unsigned int queue)
{
	virtio_pci_ring(device->transport, queue);
}

void virtio_device_fail(struct virtio_device *device)
{
	device->status |= VIRTIO_CONFIG_S_NEEDS_RESET;
	if (device->status & VIRTIO_CONFIG_S_DRIVER_OK)
		virtio_pci_interrupt_config(device->transport);
}
