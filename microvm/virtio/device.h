/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_MICROVM_VIRTIO_DEVICE_H
#define HULL_MICROVM_VIRTIO_DEVICE_H

/*
 * A virtio device is a file with one struct virtio_device_type and its state
 * around a struct virtio_device; the transport (virtio/pci.h) is the same for
 * all. Every function is called with the lock of the devices held.
 */
#include "microvm/loop.h"
#include "microvm/virtio/queue.h"

#define VIRTIO_QUEUES 8

struct virtio_device;

struct virtio_device_type {
	const char *name;
	uint16_t id;	/* virtio 1.2, 5: Device Types */
	uint32_t class; /* of PCI */
	unsigned int queue_count;
	uint64_t features; /* besides those of the transport */
	/* LENGTH bytes of the device's configuration; beyond its end reads are zero. May be NULL. */
	void (*config_read)(
		struct virtio_device *device, uint32_t offset, void *bytes, unsigned int length);
	/* The driver writes there: 1, 2, 4 or 8 bytes. May be NULL. */
	void (*config_write)(struct virtio_device *device, uint32_t offset, const void *bytes,
		unsigned int length);
	/* The driver rang for a queue, or the loop asks again. */
	void (*notified)(struct virtio_device *device, unsigned int queue);
	/* The driver is ready: queues work from now on. May be NULL. */
	void (*activated)(struct virtio_device *device);
	/* The driver has reset the device: forget its requests. May be NULL. */
	void (*reset)(struct virtio_device *device);
};

struct virtio_device {
	const struct virtio_device_type *type;
	struct loop *loop;
	uint64_t features, driver_features;
	uint8_t status;
	struct virtqueue queues[VIRTIO_QUEUES];
	unsigned int queue_count; /* of those that this device has */
	struct virtio_pci *transport;
	uint64_t rung, raised; /* doorbells heard, and interrupts asked for */
};

/* Prepare the part that all devices have. */
void virtio_device_init(struct virtio_device *device, const struct virtio_device_type *type,
	struct loop *loop, struct memory *memory);

bool virtio_device_has(const struct virtio_device *device, unsigned int feature);

/*
 * The next request of a queue: true and the request, or false. A queue that breaks
 * the rules makes the device ask for a reset.
 */
bool virtio_device_pop(
	struct virtio_device *device, unsigned int queue, struct virtio_chain *chain);

/* After virtqueue_publish: the driver is interrupted if it wants to be. */
void virtio_device_interrupt(struct virtio_device *device, unsigned int queue);

/* Others shall have their turn: `notified` is called for the queue again, later. */
void virtio_device_again(struct virtio_device *device, unsigned int queue);

/* A request is done, and the driver is interrupted if it wants to be. */
void virtio_device_push(struct virtio_device *device, unsigned int queue,
	const struct virtio_chain *chain, uint64_t written);

/* The driver has asked for what no driver may: it has to reset the device (2.1.2). */
void virtio_device_fail(struct virtio_device *device);

#endif
