/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_MICROVM_MSIX_H
#define HULL_MICROVM_MSIX_H

/* MSI-X (PCI 3.0, 6.8.2): the only way in which devices here interrupt. */
#include "microvm/interrupt.h"
#include "microvm/pci.h"

#define MSIX_VECTORS	 16
#define MSIX_NO_VECTOR	 0xffff
#define MSIX_ENTRY_BYTES 16

struct msix {
	struct interrupts *interrupts;
	unsigned int count, capability; /* the latter's offset in configuration space */
	unsigned int lines[MSIX_VECTORS];
	uint8_t table[MSIX_VECTORS * MSIX_ENTRY_BYTES];
	uint64_t pending;
};

/* COUNT vectors, table and pending bits in BAR at these offsets. 0 or a negative errno. */
int msix_init(struct msix *msix, struct pci_device *pci, struct interrupts *interrupts,
	unsigned int count, unsigned int bar, uint32_t table_offset, uint32_t pending_offset);

/* Interrupt, or remember it while the vector is masked. Any number is allowed. */
void msix_raise(struct msix *msix, const struct pci_device *pci, unsigned int vector);

void msix_table_read(const struct msix *msix, uint32_t offset, void *bytes, unsigned int length);
void msix_table_write(struct msix *msix, const struct pci_device *pci, uint32_t offset,
	const void *bytes, unsigned int length);
void msix_pending_read(const struct msix *msix, uint32_t offset, void *bytes, unsigned int length);

/* After a write to configuration space: it may have unmasked all. */
void msix_config_written(struct msix *msix, const struct pci_device *pci);

#endif
