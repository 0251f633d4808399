/* SPDX-License-Identifier: Apache-2.0 */
#include "microvm/msix.h"

#include <errno.h>
#include <linux/pci_regs.h>
#include <string.h>

int msix_init(struct msix *msix, struct pci_device *pci, struct interrupts *interrupts,
	unsigned int count, unsigned int bar, uint32_t table_offset, uint32_t pending_offset)
{
	uint8_t body[PCI_CAP_MSIX_SIZEOF - 2] = { 0 };

	if (!count || count > MSIX_VECTORS)
		return -EINVAL;
	memset(msix, 0, sizeof(*msix));
	msix->interrupts = interrupts;
	msix->count = count;
	for (unsigned int i = 0; i < count; i++) {
		int line = interrupt_make(interrupts);

		if (line < 0)
			return line;
		msix->lines[i] = (unsigned int)line;
		msix->table[i * MSIX_ENTRY_BYTES + PCI_MSIX_ENTRY_VECTOR_CTRL] =
			PCI_MSIX_ENTRY_CTRL_MASKBIT;
	}
	pci_set(body, count - 1, 2);
	pci_set(body + PCI_MSIX_TABLE - 2, table_offset | bar, 4);
	pci_set(body + PCI_MSIX_PBA - 2, pending_offset | bar, 4);
	msix->capability = pci_add_capability(pci, PCI_CAP_ID_MSIX, body, PCI_CAP_MSIX_SIZEOF);
	pci_set(pci->writable + msix->capability + PCI_MSIX_FLAGS,
		PCI_MSIX_FLAGS_ENABLE | PCI_MSIX_FLAGS_MASKALL, 2);
	return 0;
}

static bool msix_is_masked(
	const struct msix *msix, const struct pci_device *pci, unsigned int vector)
{
	uint32_t flags = pci_get(pci->config + msix->capability + PCI_MSIX_FLAGS, 2);

	return !(flags & PCI_MSIX_FLAGS_ENABLE) || flags & PCI_MSIX_FLAGS_MASKALL ||
	       msix->table[vector * MSIX_ENTRY_BYTES + PCI_MSIX_ENTRY_VECTOR_CTRL] &
		       PCI_MSIX_ENTRY_CTRL_MASKBIT;
}

/* The message of an unmasked vector becomes what its line sends. */
static void msix_update(struct msix *msix, const struct pci_device *pci, unsigned int vector)
{
	const uint8_t *entry = msix->table + (size_t)vector * MSIX_ENTRY_BYTES;
	uint64_t address;

	if (msix_is_masked(msix, pci, vector))
		return;
	address = pci_get(entry + PCI_MSIX_ENTRY_LOWER_ADDR, 4) |
		  (uint64_t)pci_get(entry + PCI_MSIX_ENTRY_UPPER_ADDR, 4) << 32;
	interrupt_program(msix->interrupts, msix->lines[vector], address,
		pci_get(entry + PCI_MSIX_ENTRY_DATA, 4));
	if (msix->pending & 1ull << vector) {
		msix->pending &= ~(1ull << vector);
		interrupt_raise(msix->interrupts, msix->lines[vector]);
	}
}

void msix_raise(struct msix *msix, const struct pci_device *pci, unsigned int vector)
{
	if (vector >= msix->count)
		return;
	if (msix_is_masked(msix, pci, vector))
		msix->pending |= 1ull << vector;
	else
		interrupt_raise(msix->interrupts, msix->lines[vector]);
}

void msix_table_read(const struct msix *msix, uint32_t offset, void *bytes, unsigned int length)
{
	memset(bytes, 0, length);
	if (offset + length <= msix->count * MSIX_ENTRY_BYTES)
		memcpy(bytes, msix->table + offset, length);
}

void msix_table_write(struct msix *msix, const struct pci_device *pci, uint32_t offset,
	const void *bytes, unsigned int length)
{
	if (offset + length > msix->count * MSIX_ENTRY_BYTES)
		return;
	memcpy(msix->table + offset, bytes, length);
	msix_update(msix, pci, offset / MSIX_ENTRY_BYTES);
	msix_update(msix, pci, (offset + length - 1) / MSIX_ENTRY_BYTES);
}

void msix_pending_read(const struct msix *msix, uint32_t offset, void *bytes, unsigned int length)
{
	memset(bytes, 0, length);
	if (offset + length <= sizeof(msix->pending))
		memcpy(bytes, (const char *)&msix->pending + offset, length);
}

void msix_config_written(struct msix *msix, const struct pci_device *pci)
{
	for (unsigned int i = 0; i < msix->count; i++)
		msix_update(msix, pci, i);
}
