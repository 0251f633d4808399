/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_MICROVM_PCI_H
#define HULL_MICROVM_PCI_H

/*
 * One PCI bus: configuration space behind the ports 0xcf8 and 0xcfc, and 32-bit
 * memory BARs. Offsets, lengths and values come from the guest; what is not there
 * reads as ones and takes no writes, as on a real bus.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PCI_SLOTS	 32
#define PCI_CONFIG_BYTES 256
#define PCI_BARS	 6
#define PCI_PORT_FIRST	 0xcf8
#define PCI_PORT_LAST	 0xcff
/* Where the guest finds BARs: docs/microvm.md has the map. */
#define PCI_WINDOW_ADDRESS 0xc0000000u
#define PCI_WINDOW_BYTES   0x20000000u

struct pci_device;

struct pci_device_type {
	/* LENGTH is 1, 2, 4 or 8 and the access lies within the BAR. */
	void (*bar_read)(struct pci_device *pci, unsigned int bar, uint32_t offset, void *bytes,
		unsigned int length);
	void (*bar_write)(struct pci_device *pci, unsigned int bar, uint32_t offset,
		const void *bytes, unsigned int length);
	/* Before a read of, and after a write to, LENGTH bytes of configuration; may be NULL. */
	void (*config_reading)(struct pci_device *pci, unsigned int offset, unsigned int length);
	void (*config_written)(struct pci_device *pci, unsigned int offset, unsigned int length);
	/* BARs may have moved, or decoding was switched on or off; may be NULL. */
	void (*moved)(struct pci_device *pci);
};

struct pci_device {
	const struct pci_device_type *type;
	uint8_t config[PCI_CONFIG_BYTES];
	uint8_t writable[PCI_CONFIG_BYTES]; /* the bits that the guest may change */
	uint32_t bar_bytes[PCI_BARS];	    /* a power of two, or 0: no such BAR */
	unsigned int capabilities_end;
};

struct pci_bus {
	struct pci_device *devices[PCI_SLOTS];
	uint32_t address;      /* what the guest wrote to port 0xcf8 */
	uint32_t next_address; /* the next free one in the window */
	struct pci_device bridge;
};

/* IDs and class (class << 16 | subclass << 8 | interface) of a new device. */
struct pci_identity {
	uint16_t vendor, device, subsystem_vendor, subsystem;
	uint32_t class;
	uint8_t revision;
};

void pci_bus_init(struct pci_bus *bus);
void pci_device_init(struct pci_device *pci, const struct pci_device_type *type,
	const struct pci_identity *identity);

/* A memory BAR of BYTES, a power of two of at least a page. */
void pci_add_bar(struct pci_device *pci, unsigned int bar, uint32_t bytes);

/*
 * A capability of LENGTH bytes with its two-byte head (ID, next); returns its
 * offset. A device has the room that its table of capabilities needs.
 */
unsigned int pci_add_capability(
	struct pci_device *pci, uint8_t id, const void *body, unsigned int length);

/* Into the next free slot, its BARs placed; -ENOSPC. */
int pci_attach(struct pci_bus *bus, struct pci_device *pci);

/* Where a BAR is now; 0 when the device does not decode memory. */
uint32_t pci_bar_address(const struct pci_device *pci, unsigned int bar);

void pci_port_read(struct pci_bus *bus, uint16_t port, void *bytes, unsigned int length);
void pci_port_write(struct pci_bus *bus, uint16_t port, const void *bytes, unsigned int length);
void pci_memory_read(struct pci_bus *bus, uint64_t address, void *bytes, unsigned int length);
void pci_memory_write(
	struct pci_bus *bus, uint64_t address, const void *bytes, unsigned int length);

/* Little-endian fields of configuration space and of registers. */
uint32_t pci_get(const uint8_t *bytes, unsigned int length);
void pci_set(uint8_t *bytes, uint32_t value, unsigned int length);

#endif
