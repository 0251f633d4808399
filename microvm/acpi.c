/* SPDX-License-Identifier: Apache-2.0 */
#include "microvm/acpi.h"

#include <string.h>

#include "base/memory.h"
#include "microvm/pci.h"

#define LOCAL_APIC_ADDRESS 0xfee00000u
#define IO_APIC_ADDRESS	   0xfec00000u

struct acpi_header {
	char signature[4];
	uint32_t length;
	uint8_t revision, checksum;
	char oem_id[6], oem_table_id[8];
	uint32_t oem_revision;
	char creator_id[4];
	uint32_t creator_revision;
} __attribute__((packed));

struct acpi_root_pointer {
	char signature[8];
	uint8_t checksum;
	char oem_id[6];
	uint8_t revision;
	uint32_t rsdt_address, length;
	uint64_t xsdt_address;
	uint8_t extended_checksum, reserved[3];
} __attribute__((packed));

/* Those fields of the FADT that are not zero; its length is that of revision 6.5. */
#define FADT_BYTES	276
#define FADT_BOOT_FLAGS 109
#define FADT_FLAGS	112
#define FADT_MINOR	131
#define FADT_X_DSDT	140
/* No VGA, no CMOS clock; bit 1 (8042) stays clear: there is none. */
#define BOOT_FLAGS	      (1u << 2 | 1u << 5)
#define FLAG_WBINVD	      (1u << 0)
#define FLAG_NO_POWER_KEY     (1u << 4)
#define FLAG_NO_SLEEP_KEY     (1u << 5)
#define FLAG_HARDWARE_REDUCED (1u << 20)

struct acpi_writer {
	char *base; /* of ACPI_ADDRESS */
	size_t length;
};

static uint8_t checksum(const void *bytes, size_t length)
{
	const uint8_t *byte = bytes;
	uint8_t sum = 0;

	while (length--)
		sum = (uint8_t)(sum + *byte++);
	return (uint8_t)-sum;
}

/* BODY behind a header; the table's address. */
static uint64_t acpi_table(struct acpi_writer *writer, const char *signature, uint8_t revision,
	const void *body, size_t length)
{
	struct acpi_header *header = (void *)(writer->base + writer->length);
	uint64_t address = ACPI_ADDRESS + writer->length;

	*header = (struct acpi_header){
		.length = (uint32_t)(sizeof(*header) + length),
		.revision = revision,
		.oem_revision = 1,
		.creator_revision = 1,
	};
	memcpy(header->signature, signature, 4);
	memcpy(header->oem_id, "HULL  ", 6);
	memcpy(header->oem_table_id, "MICROVM ", 8);
	memcpy(header->creator_id, "HULL", 4);
	memcpy(header + 1, body, length);
	header->checksum = checksum(header, header->length);
	writer->length += (header->length + 15) & ~15ul;
	return address;
}

/*
 * Scope (\_SB) { Device (PCI0) {
 *	Name (_HID, EisaId ("PNP0A03"))
 *	Name (_CRS, ResourceTemplate () {
 *		WordBusNumber (ResourceProducer, MinFixed, MaxFixed, PosDecode, 0, 0, 0, 0, 1)
 *		DWordMemory (ResourceProducer, PosDecode, MinFixed, MaxFixed, NonCacheable,
 *			ReadWrite, 0, window, window's end, 0, window's length)
 *	})
 * } }
 */
static uint64_t acpi_write_dsdt(struct acpi_writer *writer)
{
	uint8_t code[] = {
		0x10,
		0x40 | 14,
		4,
		'\\',
		'_',
		'S',
		'B',
		'_', /* Scope: 78 bytes */
		0x5b,
		0x82,
		0x40 | 5,
		4,
		'P',
		'C',
		'I',
		'0', /* Device: 69 bytes */
		0x08,
		'_',
		'H',
		'I',
		'D',
		0x0c,
		0x41,
		0xd0,
		0x0a,
		0x03, /* PNP0A03 */
		0x08,
		'_',
		'C',
		'R',
		'S',
		0x11,
		47,
		0x0a,
		44, /* Buffer: 44 */
		0x88,
		13,
		0,
		2,
		0x0c,
		0,
		0,
		0,
		0,
		0,
		0,
		0,
		0,
		0,
		1,
		0, /* bus 0 */
		0x87,
		23,
		0,
		0,
		0x0c,
		1,
		0,
		0,
		0,
		0, /* memory */
		0,
		0,
		0,
		0,
		0,
		0,
		0,
		0,
		0,
		0,
		0,
		0,
		0,
		0,
		0,
		0,
		0x79,
		0,
	};
	uint8_t *window = code + sizeof(code) - 2 - 16;

	pci_set(window, PCI_WINDOW_ADDRESS, 4);
	pci_set(window + 4, PCI_WINDOW_ADDRESS + PCI_WINDOW_BYTES - 1, 4);
	pci_set(window + 12, PCI_WINDOW_BYTES, 4);
	return acpi_table(writer, "DSDT", 2, code, sizeof(code));
}

static uint64_t acpi_write_fadt(struct acpi_writer *writer, uint64_t dsdt)
{
	uint8_t fadt[FADT_BYTES] = { 0 };

	pci_set(fadt + FADT_BOOT_FLAGS, BOOT_FLAGS, 2);
	pci_set(fadt + FADT_FLAGS,
		FLAG_WBINVD | FLAG_NO_POWER_KEY | FLAG_NO_SLEEP_KEY | FLAG_HARDWARE_REDUCED, 4);
	fadt[FADT_MINOR] = 5;
	memcpy(fadt + FADT_X_DSDT, &dsdt, sizeof(dsdt));
	return acpi_table(writer, "FACP", 6, fadt + sizeof(struct acpi_header),
		sizeof(fadt) - sizeof(struct acpi_header));
}

static uint64_t acpi_write_madt(struct acpi_writer *writer, unsigned int vcpus)
{
	struct {
		uint32_t local_apic_address, flags;
		struct {
			uint8_t type, length, id, reserved;
			uint32_t address, first_interrupt;
		} __attribute__((packed)) io_apic;
		struct {
			uint8_t type, length, processor, apic;
			uint32_t enabled;
		} __attribute__((packed)) local[256];
	} __attribute__((packed)) madt = {
		.local_apic_address = LOCAL_APIC_ADDRESS,
		.io_apic = { 1, sizeof(madt.io_apic), 0, 0, IO_APIC_ADDRESS, 0 },
	};

	for (unsigned int i = 0; i < vcpus && i < ARRAY_SIZE(madt.local); i++) {
		madt.local[i].length = sizeof(madt.local[i]);
		madt.local[i].processor = madt.local[i].apic = (uint8_t)i;
		madt.local[i].enabled = 1;
	}
	return acpi_table(writer, "APIC", 5, &madt,
		sizeof(madt) - sizeof(madt.local) + vcpus * sizeof(madt.local[0]));
}

uint64_t acpi_write(const struct memory *memory, unsigned int vcpus)
{
	struct acpi_writer writer = { memory_at(memory, ACPI_ADDRESS, ACPI_BYTES), 0 };
	struct acpi_root_pointer *root = (void *)writer.base;
	uint64_t tables[2];

	writer.length = (sizeof(*root) + 15) & ~15ul;
	tables[0] = acpi_write_dsdt(&writer);
	tables[0] = acpi_write_fadt(&writer, tables[0]);
	tables[1] = acpi_write_madt(&writer, vcpus);
	*root = (struct acpi_root_pointer){
		.revision = 2,
		.length = sizeof(*root),
		.xsdt_address = acpi_table(&writer, "XSDT", 1, tables, sizeof(tables)),
	};
	memcpy(root->signature, "RSD PTR ", 8);
	memcpy(root->oem_id, "HULL  ", 6);
	/* The first covers what version 1 of the structure had. */
	root->checksum = checksum(root, 20);
	root->extended_checksum = checksum(root, sizeof(*root));
	return ACPI_ADDRESS;
}
