/* SPDX-License-Identifier: Apache-2.0 */
#include "microvm/pci.h"

#include <errno.h>
#include <linux/pci_regs.h>
#include <string.h>

#define PCI_ADDRESS_ENABLE 0x80000000u

uint32_t pci_get(const uint8_t *bytes, unsigned int length)
{
	uint32_t value = 0;

	memcpy(&value, bytes, length);
	return value;
}

void pci_set(uint8_t *bytes, uint32_t value, unsigned int length)
{
	memcpy(bytes, &value, length);
}

/* ---- making devices ------------------------------------------------------------------------ */

void pci_device_init(struct pci_device *pci, const struct pci_device_type *type,
	const struct pci_identity *identity)
{
	memset(pci, 0, sizeof(*pci));
	pci->type = type;
	pci_set(pci->config + PCI_VENDOR_ID, identity->vendor, 2);
	pci_set(pci->config + PCI_DEVICE_ID, identity->device, 2);
	pci_set(pci->config + PCI_CLASS_REVISION, identity->class << 8 | identity->revision, 4);
	pci_set(pci->config + PCI_SUBSYSTEM_VENDOR_ID, identity->subsystem_vendor, 2);
	pci_set(pci->config + PCI_SUBSYSTEM_ID, identity->subsystem, 2);
	pci_set(pci->writable + PCI_COMMAND,
		PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER | PCI_COMMAND_INTX_DISABLE, 2);
	pci->writable[PCI_CACHE_LINE_SIZE] = 0xff;
	pci->writable[PCI_INTERRUPT_LINE] = 0xff;
	pci->capabilities_end = PCI_STD_HEADER_SIZEOF;
}

void pci_add_bar(struct pci_device *pci, unsigned int bar, uint32_t bytes)
{
	pci->bar_bytes[bar] = bytes;
	/* The bits below the size read as zero: that is how the guest learns it. */
	pci_set(pci->writable + PCI_BASE_ADDRESS_0 + (size_t)4 * bar, ~(bytes - 1), 4);
}

unsigned int pci_add_capability(
	struct pci_device *pci, uint8_t id, const void *body, unsigned int length)
{
	unsigned int offset = pci->capabilities_end;
	uint8_t *link = pci->config + PCI_CAPABILITY_LIST;

	while (*link)
		link = pci->config + *link + 1;
	*link = (uint8_t)offset;
	pci->config[offset] = id;
	memcpy(pci->config + offset + 2, body, length - 2);
	pci->capabilities_end = (offset + length + 3) & ~3u;
	pci->config[PCI_STATUS] |= PCI_STATUS_CAP_LIST;
	return offset;
}

int pci_attach(struct pci_bus *bus, struct pci_device *pci)
{
	unsigned int slot = 0;

	while (slot < PCI_SLOTS && bus->devices[slot])
		slot++;
	if (slot == PCI_SLOTS)
		return -ENOSPC;
	for (unsigned int bar = 0; bar < PCI_BARS; bar++) {
		uint32_t bytes = pci->bar_bytes[bar];

		if (!bytes)
			continue;
		bus->next_address = (bus->next_address + bytes - 1) & ~(bytes - 1);
		pci_set(pci->config + PCI_BASE_ADDRESS_0 + (size_t)4 * bar, bus->next_address, 4);
		bus->next_address += bytes;
	}
	bus->devices[slot] = pci;
	return 0;
}

void pci_bus_init(struct pci_bus *bus)
{
	/* A host bridge of Intel: Linux looks for one before it trusts the ports. */
	static const struct pci_identity identity = {
		.vendor = 0x8086,
		.device = 0x0d57,
		.class = 0x060000,
	};
	static const struct pci_device_type type = { 0 };

	memset(bus, 0, sizeof(*bus));
	bus->next_address = PCI_WINDOW_ADDRESS;
	pci_device_init(&bus->bridge, &type, &identity);
	(void)pci_attach(bus, &bus->bridge);
}

/* ---- configuration space -------------------------------------------------------------------- */

uint32_t pci_bar_address(const struct pci_device *pci, unsigned int bar)
{
	if (!(pci->config[PCI_COMMAND] & PCI_COMMAND_MEMORY))
		return 0;
	return pci_get(pci->config + PCI_BASE_ADDRESS_0 + (size_t)4 * bar, 4) & ~0xfu;
}

static void pci_config_read(
	struct pci_device *pci, unsigned int offset, uint8_t *bytes, unsigned int length)
{
	if (pci->type->config_reading)
		pci->type->config_reading(pci, offset, length);
	memcpy(bytes, pci->config + offset, length);
}

static void pci_config_write(
	struct pci_device *pci, unsigned int offset, const uint8_t *bytes, unsigned int length)
{
	bool moves = offset < PCI_BASE_ADDRESS_5 + 4 && offset + length > PCI_BASE_ADDRESS_0;

	for (unsigned int i = 0; i < length; i++) {
		uint8_t mask = pci->writable[offset + i];

		pci->config[offset + i] =
			(uint8_t)((pci->config[offset + i] & ~mask) | (bytes[i] & mask));
	}
	if (pci->type->config_written)
		pci->type->config_written(pci, offset, length);
	moves = moves || (offset <= PCI_COMMAND && offset + length > PCI_COMMAND);
	if (moves && pci->type->moved)
		pci->type->moved(pci);
}

/* The device that port 0xcf8 names, and the offset in it; NULL when there is none. */
static struct pci_device *pci_addressed(
	const struct pci_bus *bus, uint16_t port, unsigned int length, unsigned int *offset)
{
	uint32_t address = bus->address;

	*offset = (address & 0xfc) + (port & 3u);
	if (!(address & PCI_ADDRESS_ENABLE) || (address >> 16 & 0xff) != 0 ||
		(address >> 8 & 7) != 0 || (port & 3u) + length > 4)
		return NULL;
	return bus->devices[address >> 11 & 31];
}

void pci_port_read(struct pci_bus *bus, uint16_t port, void *bytes, unsigned int length)
{
	struct pci_device *pci;
	unsigned int offset;

	memset(bytes, 0xff, length);
	if (port == PCI_PORT_FIRST && length == 4) {
		memcpy(bytes, &bus->address, 4);
	} else if (port >= PCI_PORT_FIRST + 4) {
		pci = pci_addressed(bus, port, length, &offset);
		if (pci)
			pci_config_read(pci, offset, bytes, length);
	}
}

void pci_port_write(struct pci_bus *bus, uint16_t port, const void *bytes, unsigned int length)
{
	struct pci_device *pci;
	unsigned int offset;

	if (port == PCI_PORT_FIRST && length == 4) {
		memcpy(&bus->address, bytes, 4);
	} else if (port >= PCI_PORT_FIRST + 4) {
		pci = pci_addressed(bus, port, length, &offset);
		if (pci)
			pci_config_write(pci, offset, bytes, length);
	}
}

/* ---- memory ------------------------------------------------------------------------------------ */

/* The device whose BAR holds all of the access. */
static struct pci_device *pci_decode(const struct pci_bus *bus, uint64_t address,
	unsigned int length, unsigned int *bar, uint32_t *offset)
{
	for (unsigned int slot = 0; slot < PCI_SLOTS; slot++) {
		struct pci_device *pci = bus->devices[slot];

		for (*bar = 0; pci && *bar < PCI_BARS; ++*bar) {
			uint32_t bytes = pci->bar_bytes[*bar], base = pci_bar_address(pci, *bar);

			if (bytes && base && address >= base && address - base < bytes &&
				address - base + length <= bytes) {
				*offset = (uint32_t)(address - base);
				return pci;
			}
		}
	}
	return NULL;
}

void pci_memory_read(struct pci_bus *bus, uint64_t address, void *bytes, unsigned int length)
{
	unsigned int bar;
	uint32_t offset;
	struct pci_device *pci = pci_decode(bus, address, length, &bar, &offset);

	memset(bytes, 0xff, length);
	if (pci)
		pci->type->bar_read(pci, bar, offset, bytes, length);
}

void pci_memory_write(struct pci_bus *bus, uint64_t address, const void *bytes, unsigned int length)
{
	unsigned int bar;
	uint32_t offset;
	struct pci_device *pci = pci_decode(bus, address, length, &bar, &offset);

	if (pci)
		pci->type->bar_write(pci, bar, offset, bytes, length);
}
