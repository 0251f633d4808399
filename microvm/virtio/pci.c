/* SPDX-License-Identifier: Apache-2.0 */
#include "microvm/virtio/pci.h"

#include <errno.h>
#include <linux/pci_regs.h>
#include <linux/virtio_config.h>
#include <linux/virtio_pci.h>
#include <linux/virtio_ring.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

#include "base/file.h"
#include "base/memory.h"

#define VIRTIO_VENDOR	   0x1af4
#define VIRTIO_MODERN_BASE 0x1040
#define VIRTIO_BAR	   0

/* The parts of the one BAR, a page each so that a guest could map them apart. */
enum { PART_COMMON, PART_ISR, PART_DEVICE, PART_NOTIFY, PART_MSIX, PART_PENDING };
#define PART_BYTES	  0x1000u
#define BAR_BYTES	  0x8000u
#define NOTIFY_MULTIPLIER 4

#define TRANSPORT_FEATURES                                                                         \
	(1ull << VIRTIO_F_VERSION_1 | 1ull << VIRTIO_RING_F_INDIRECT_DESC |                        \
		1ull << VIRTIO_RING_F_EVENT_IDX)

static struct virtio_pci *transport_of(struct pci_device *pci)
{
	return (struct virtio_pci *)((char *)pci - offsetof(struct virtio_pci, pci));
}

void virtio_pci_ring(struct virtio_pci *transport, unsigned int queue)
{
	(void)eventfd_write(transport->doorbells[queue].source.fd, 1);
}

void virtio_pci_interrupt(struct virtio_pci *transport, unsigned int queue)
{
	transport->device->raised++;
	msix_raise(&transport->msix, &transport->pci, transport->vectors[queue]);
}

void virtio_pci_interrupt_config(struct virtio_pci *transport)
{
	transport->device->raised++;
	msix_raise(&transport->msix, &transport->pci, transport->config_vector);
}

/* ---- common configuration (4.1.4.3) ----------------------------------------------------------- */

static void transport_reset(struct virtio_pci *transport)
{
	struct virtio_device *device = transport->device;

	device->status = 0;
	device->driver_features = 0;
	transport->feature_select = transport->driver_feature_select = 0;
	transport->queue_select = 0;
	transport->config_vector = MSIX_NO_VECTOR;
	for (unsigned int i = 0; i < VIRTIO_QUEUES; i++) {
		transport->vectors[i] = MSIX_NO_VECTOR;
		virtqueue_reset(&device->queues[i]);
	}
	if (device->type->reset)
		device->type->reset(device);
}

static void transport_set_status(struct virtio_pci *transport, uint8_t status)
{
	struct virtio_device *device = transport->device;
	uint8_t before = device->status;

	if (!status) {
		transport_reset(transport);
		return;
	}
	/* A driver without VERSION_1 is none that this device works with (6.1). */
	if (status & VIRTIO_CONFIG_S_FEATURES_OK && !(before & VIRTIO_CONFIG_S_FEATURES_OK) &&
		(!virtio_device_has(device, VIRTIO_F_VERSION_1) ||
			device->driver_features & ~device->features))
		status &= (uint8_t)~VIRTIO_CONFIG_S_FEATURES_OK;
	/* What is set stays set until a reset. */
	device->status |= status;
	if (!(device->status & VIRTIO_CONFIG_S_FEATURES_OK))
		device->status &= (uint8_t)~VIRTIO_CONFIG_S_DRIVER_OK;
	if (!(before & VIRTIO_CONFIG_S_DRIVER_OK) && device->status & VIRTIO_CONFIG_S_DRIVER_OK &&
		device->type->activated)
		device->type->activated(device);
}

static void transport_enable_queue(struct virtio_pci *transport, struct virtqueue *queue)
{
	struct virtio_device *device = transport->device;

	queue->event_index = virtio_device_has(device, VIRTIO_RING_F_EVENT_IDX);
	if (!(device->status & VIRTIO_CONFIG_S_FEATURES_OK) || virtqueue_enable(queue) < 0)
		virtio_device_fail(device);
}

static void common_fill(struct virtio_pci *transport, struct virtio_pci_common_cfg *common)
{
	const struct virtio_device *device = transport->device;
	const struct virtqueue *queue = NULL;

	memset(common, 0, sizeof(*common));
	common->device_feature_select = transport->feature_select;
	common->guest_feature_select = transport->driver_feature_select;
	if (transport->feature_select < 2)
		common->device_feature =
			(uint32_t)(device->features >> 32 * transport->feature_select);
	if (transport->driver_feature_select < 2)
		common->guest_feature = (uint32_t)(device->driver_features >>
						   32 * transport->driver_feature_select);
	common->msix_config = transport->config_vector;
	common->num_queues = (uint16_t)device->queue_count;
	common->device_status = device->status;
	common->queue_select = transport->queue_select;
	if (transport->queue_select >= device->queue_count)
		return;
	queue = &device->queues[transport->queue_select];
	common->queue_size = queue->size;
	common->queue_msix_vector = transport->vectors[transport->queue_select];
	common->queue_enable = queue->enabled;
	common->queue_notify_off = transport->queue_select;
	common->queue_desc_lo = (uint32_t)queue->descriptors_address;
	common->queue_desc_hi = (uint32_t)(queue->descriptors_address >> 32);
	common->queue_avail_lo = (uint32_t)queue->available_address;
	common->queue_avail_hi = (uint32_t)(queue->available_address >> 32);
	common->queue_used_lo = (uint32_t)queue->used_address;
	common->queue_used_hi = (uint32_t)(queue->used_address >> 32);
}

static uint64_t replace_half(uint64_t address, uint32_t value, bool high)
{
	return high ? (address & 0xffffffffu) | (uint64_t)value << 32
		    : (address & ~0xffffffffull) | value;
}

static uint16_t checked_vector(const struct virtio_pci *transport, uint32_t value)
{
	return value < transport->msix.count ? (uint16_t)value : MSIX_NO_VECTOR;
}

static void queue_write(struct virtio_pci *transport, uint32_t offset, uint32_t value)
{
	unsigned int index = transport->queue_select;
	struct virtqueue *queue;

	if (index >= transport->device->queue_count)
		return;
	queue = &transport->device->queues[index];
	if (offset == VIRTIO_PCI_COMMON_Q_MSIX) {
		transport->vectors[index] = checked_vector(transport, value);
		return;
	}
	/* An enabled queue stays as it is until the device is reset (4.1.4.3.2). */
	if (queue->enabled)
		return;
	switch (offset) {
	case VIRTIO_PCI_COMMON_Q_SIZE:
		queue->size = (uint16_t)value;
		break;
	case VIRTIO_PCI_COMMON_Q_ENABLE:
		if (value == 1)
			transport_enable_queue(transport, queue);
		break;
	case VIRTIO_PCI_COMMON_Q_DESCLO:
	case VIRTIO_PCI_COMMON_Q_DESCHI:
		queue->descriptors_address = replace_half(
			queue->descriptors_address, value, offset == VIRTIO_PCI_COMMON_Q_DESCHI);
		break;
	case VIRTIO_PCI_COMMON_Q_AVAILLO:
	case VIRTIO_PCI_COMMON_Q_AVAILHI:
		queue->available_address = replace_half(
			queue->available_address, value, offset == VIRTIO_PCI_COMMON_Q_AVAILHI);
		break;
	case VIRTIO_PCI_COMMON_Q_USEDLO:
	case VIRTIO_PCI_COMMON_Q_USEDHI:
		queue->used_address = replace_half(
			queue->used_address, value, offset == VIRTIO_PCI_COMMON_Q_USEDHI);
		break;
	default:
		break;
	}
}

static void common_write(struct virtio_pci *transport, uint32_t offset, uint32_t value)
{
	struct virtio_device *device = transport->device;
	unsigned int half = transport->driver_feature_select;

	switch (offset) {
	case VIRTIO_PCI_COMMON_DFSELECT:
		transport->feature_select = value;
		break;
	case VIRTIO_PCI_COMMON_GFSELECT:
		transport->driver_feature_select = value;
		break;
	case VIRTIO_PCI_COMMON_GF:
		if (half < 2 && !(device->status & VIRTIO_CONFIG_S_FEATURES_OK))
			device->driver_features =
				replace_half(device->driver_features, value, half == 1);
		break;
	case VIRTIO_PCI_COMMON_MSIX:
		transport->config_vector = checked_vector(transport, value);
		break;
	case VIRTIO_PCI_COMMON_STATUS:
		transport_set_status(transport, (uint8_t)value);
		break;
	case VIRTIO_PCI_COMMON_Q_SELECT:
		transport->queue_select = (uint16_t)value;
		break;
	default:
		queue_write(transport, offset, value);
	}
}

/* ---- the BAR ------------------------------------------------------------------------------------ */

static void transport_read(
	struct pci_device *pci, unsigned int bar, uint32_t offset, void *bytes, unsigned int length)
{
	struct virtio_pci *transport = transport_of(pci);
	struct virtio_device *device = transport->device;
	struct virtio_pci_common_cfg common;
	unsigned int part = offset / PART_BYTES;

	(void)bar;
	offset %= PART_BYTES;
	memset(bytes, 0, length);
	if (part == PART_COMMON && offset + length <= sizeof(common)) {
		common_fill(transport, &common);
		memcpy(bytes, (const char *)&common + offset, length);
	} else if (part == PART_DEVICE && device->type->config_read) {
		device->type->config_read(device, offset, bytes, length);
	} else if (part == PART_MSIX) {
		msix_table_read(&transport->msix, offset, bytes, length);
	} else if (part == PART_PENDING) {
		msix_pending_read(&transport->msix, offset, bytes, length);
	}
}

static void transport_write(struct pci_device *pci, unsigned int bar, uint32_t offset,
	const void *bytes, unsigned int length)
{
	struct virtio_pci *transport = transport_of(pci);
	unsigned int part = offset / PART_BYTES, queue;
	uint64_t value = 0;

	(void)bar;
	offset %= PART_BYTES;
	memcpy(&value, bytes, length);
	if (part == PART_COMMON) {
		common_write(transport, offset, (uint32_t)value);
		if (length == 8)
			common_write(transport, offset + 4, (uint32_t)(value >> 32));
	} else if (part == PART_DEVICE && transport->device->type->config_write) {
		transport->device->type->config_write(transport->device, offset, bytes, length);
	} else if (part == PART_NOTIFY) {
		queue = offset / NOTIFY_MULTIPLIER;
		if (queue < transport->device->queue_count)
			(void)eventfd_write(transport->doorbells[queue].source.fd, 1);
	} else if (part == PART_MSIX) {
		msix_table_write(&transport->msix, pci, offset, bytes, length);
	}
}

static void transport_ring(void *context, uint32_t events)
{
	struct doorbell *doorbell = context;
	struct virtio_device *device = doorbell->transport->device;
	eventfd_t count;

	(void)events;
	if (eventfd_read(doorbell->source.fd, &count) == 0)
		device->rung += count;
	if (device->status & VIRTIO_CONFIG_S_DRIVER_OK)
		device->type->notified(device, doorbell->queue);
}

/* Doorbells follow the BAR; where the kernel refuses one, the guest's write gets here all the same. */
static void transport_moved(struct pci_device *pci)
{
	struct virtio_pci *transport = transport_of(pci);
	uint32_t address = pci_bar_address(pci, VIRTIO_BAR), before = transport->placed;

	if (address == before)
		return;
	for (unsigned int i = 0; i < transport->device->queue_count; i++) {
		uint32_t offset = PART_NOTIFY * PART_BYTES + i * NOTIFY_MULTIPLIER;
		int fd = transport->doorbells[i].source.fd;

		if (before)
			(void)kvm_ioeventfd(transport->kvm, fd, before + offset, false);
		if (address)
			(void)kvm_ioeventfd(transport->kvm, fd, address + offset, true);
	}
	transport->placed = address;
}

/* ---- the window in configuration space (4.1.4.9) ------------------------------------------------ */

#define WINDOW_DATA sizeof(struct virtio_pci_cap)

/* The access that the window is set to: false when it is none that a BAR takes. */
static bool window_target(const struct virtio_pci *transport, uint32_t *offset, uint32_t *length)
{
	const uint8_t *window = transport->pci.config + transport->window;

	*offset = pci_get(window + offsetof(struct virtio_pci_cap, offset), 4);
	*length = pci_get(window + offsetof(struct virtio_pci_cap, length), 4);
	return window[offsetof(struct virtio_pci_cap, bar)] == VIRTIO_BAR &&
	       (*length == 1 || *length == 2 || *length == 4) && *offset % *length == 0 &&
	       *offset < BAR_BYTES;
}

static bool window_is_hit(
	const struct virtio_pci *transport, unsigned int offset, unsigned int length)
{
	unsigned int data = transport->window + WINDOW_DATA;

	return offset < data + 4 && offset + length > data;
}

static void transport_config_reading(
	struct pci_device *pci, unsigned int offset, unsigned int length)
{
	struct virtio_pci *transport = transport_of(pci);
	uint32_t target, bytes;

	if (window_is_hit(transport, offset, length) && window_target(transport, &target, &bytes))
		transport_read(pci, VIRTIO_BAR, target,
			pci->config + transport->window + WINDOW_DATA, bytes);
}

static void transport_config_written(
	struct pci_device *pci, unsigned int offset, unsigned int length)
{
	struct virtio_pci *transport = transport_of(pci);
	uint32_t target, bytes;

	if (window_is_hit(transport, offset, length) && window_target(transport, &target, &bytes))
		transport_write(pci, VIRTIO_BAR, target,
			pci->config + transport->window + WINDOW_DATA, bytes);
	msix_config_written(&transport->msix, pci);
}

/* ---- making one ----------------------------------------------------------------------------------- */

static unsigned int add_capability(
	struct virtio_pci *transport, uint8_t type, unsigned int part, uint32_t length)
{
	/* The longest has a field more than the rest (4.1.4.4, 4.1.4.9). */
	struct {
		struct virtio_pci_cap cap;
		uint32_t more;
	} body = {
		.cap = {
			.cap_len = sizeof(struct virtio_pci_cap),
			.cfg_type = type,
			.bar = VIRTIO_BAR,
			.offset = part * PART_BYTES,
			.length = length,
		},
		.more = type == VIRTIO_PCI_CAP_NOTIFY_CFG ? NOTIFY_MULTIPLIER : 0,
	};

	if (type == VIRTIO_PCI_CAP_NOTIFY_CFG || type == VIRTIO_PCI_CAP_PCI_CFG)
		body.cap.cap_len = sizeof(body);
	return pci_add_capability(
		&transport->pci, PCI_CAP_ID_VNDR, &body.cap.cap_len, body.cap.cap_len);
}

static void add_capabilities(struct virtio_pci *transport)
{
	uint8_t *writable = transport->pci.writable;

	add_capability(transport, VIRTIO_PCI_CAP_COMMON_CFG, PART_COMMON,
		sizeof(struct virtio_pci_common_cfg));
	add_capability(transport, VIRTIO_PCI_CAP_ISR_CFG, PART_ISR, 1);
	add_capability(transport, VIRTIO_PCI_CAP_DEVICE_CFG, PART_DEVICE, PART_BYTES);
	add_capability(transport, VIRTIO_PCI_CAP_NOTIFY_CFG, PART_NOTIFY,
		VIRTIO_QUEUES * NOTIFY_MULTIPLIER);
	transport->window = add_capability(transport, VIRTIO_PCI_CAP_PCI_CFG, 0, 0);
	writable += transport->window;
	writable[offsetof(struct virtio_pci_cap, bar)] = 0xff;
	memset(writable + offsetof(struct virtio_pci_cap, offset), 0xff, 4 + 4 + 4);
}

static int add_doorbells(struct virtio_pci *transport)
{
	for (unsigned int i = 0; i < transport->device->queue_count; i++) {
		struct doorbell *doorbell = &transport->doorbells[i];
		int r;

		doorbell->transport = transport;
		doorbell->queue = i;
		doorbell->source.ready = transport_ring;
		doorbell->source.context = doorbell;
		doorbell->source.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		if (doorbell->source.fd < 0)
			return -errno;
		r = loop_watch(transport->device->loop, &doorbell->source, EPOLLIN);
		if (r < 0)
			return r;
	}
	return 0;
}

int virtio_pci_attach(struct virtio_pci *transport, struct virtio_device *device,
	const struct kvm *kvm, struct interrupts *interrupts, struct pci_bus *bus)
{
	static const struct pci_device_type type = {
		.bar_read = transport_read,
		.bar_write = transport_write,
		.config_reading = transport_config_reading,
		.config_written = transport_config_written,
		.moved = transport_moved,
	};
	const struct pci_identity identity = {
		.vendor = VIRTIO_VENDOR,
		.device = VIRTIO_MODERN_BASE + device->type->id,
		.subsystem_vendor = VIRTIO_VENDOR,
		.subsystem = 0x40,
		.class = device->type->class,
		.revision = 1,
	};
	int r;

	memset(transport, 0, sizeof(*transport));
	for (unsigned int i = 0; i < VIRTIO_QUEUES; i++)
		transport->doorbells[i].source.fd = -EBADF;
	transport->device = device;
	transport->kvm = kvm;
	device->transport = transport;
	device->features |= TRANSPORT_FEATURES;
	pci_device_init(&transport->pci, &type, &identity);
	pci_add_bar(&transport->pci, VIRTIO_BAR, BAR_BYTES);
	add_capabilities(transport);
	r = msix_init(&transport->msix, &transport->pci, interrupts, device->queue_count + 1,
		VIRTIO_BAR, PART_MSIX * PART_BYTES, PART_PENDING * PART_BYTES);
	if (r >= 0)
		r = add_doorbells(transport);
	if (r < 0)
		return r;
	transport_reset(transport);
	return pci_attach(bus, &transport->pci);
}

void virtio_pci_close(struct virtio_pci *transport)
{
	for (unsigned int i = 0; i < VIRTIO_QUEUES; i++)
		file_close(&transport->doorbells[i].source.fd);
}
