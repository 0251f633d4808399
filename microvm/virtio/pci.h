/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_MICROVM_VIRTIO_PCI_H
#define HULL_MICROVM_VIRTIO_PCI_H

/*
 * Virtio over PCI (virtio 1.2, 4.1): modern devices only, MSI-X only. Doorbells
 * are eventfds that the kernel rings without leaving the guest for the monitor.
 */
#include "microvm/msix.h"
#include "microvm/pci.h"
#include "microvm/virtio/device.h"

struct virtio_pci {
	struct pci_device pci;
	struct virtio_device *device;
	const struct kvm *kvm;
	struct msix msix;
	uint32_t feature_select, driver_feature_select;
	uint16_t queue_select, config_vector;
	uint16_t vectors[VIRTIO_QUEUES];
	unsigned int window; /* the capability through which BARs are seen in config space */
	uint32_t placed;     /* the BAR's address that the doorbells are registered at; 0: none */
	struct doorbell {
		struct virtio_pci *transport;
		unsigned int queue;
		struct loop_source source;
	} doorbells[VIRTIO_QUEUES];
};

/* Connect DEVICE to the bus. 0 or a negative errno. */
int virtio_pci_attach(struct virtio_pci *transport, struct virtio_device *device,
	const struct kvm *kvm, struct interrupts *interrupts, struct pci_bus *bus);
void virtio_pci_close(struct virtio_pci *transport);

/* Ring a doorbell as the driver does. */
void virtio_pci_ring(struct virtio_pci *transport, unsigned int queue);
void virtio_pci_interrupt(struct virtio_pci *transport, unsigned int queue);
void virtio_pci_interrupt_config(struct virtio_pci *transport);

#endif
