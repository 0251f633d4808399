/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A compressed kernel by the 32-bit boot protocol (Documentation/arch/x86/boot.rst): slower, as it
 * unpacks itself in the guest, and the only way for one without a PVH entry.
 */
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "microvm/acpi.h"
#include "microvm/boot.h"

#define HEADER_OFFSET 0x1f1u
/* The second byte of a short jump over the header: how long that is, from 0x202 on. */
#define HEADER_END(jump_) (0x202u + (uint32_t)((jump_) >> 8))
#define HEADER_MAGIC	  0x53726448u /* "HdrS" */
/* Since 2.14 the kernel is told where ACPI's tables are, and since 2.12 all else that is used. */
#define PROTOCOL_LEAST 0x020cu
#define SECTOR	       512u
#define NO_LOADER_ID   0xffu

#define LOADED_HIGH 1u

enum { MAP_RAM = 1, MAP_RESERVED = 2 };

/* Of the image, and of the page that the kernel is given; by its name there, or left as it is. */
struct __attribute__((packed)) setup_header {
	uint8_t setup_sects, reserved1[14];
	uint16_t jump;
	uint32_t header;
	uint16_t version;
	uint8_t reserved2[8], type_of_loader, loadflags, reserved3[6];
	uint32_t ramdisk_image, ramdisk_size;
	uint8_t reserved4[8];
	uint32_t cmd_line_ptr, initrd_addr_max;
	uint8_t reserved5[40];
	uint64_t pref_address;
	uint32_t init_size, reserved6[2];
};

struct __attribute__((packed)) boot_params {
	uint8_t reserved1[0x70];
	uint64_t acpi_rsdp_addr;
	uint8_t reserved2[0x1e8 - 0x78], e820_entries, reserved3[8];
	struct setup_header hdr;
	uint8_t reserved4[0x2d0 - 0x1f1 - sizeof(struct setup_header)];
	struct __attribute__((packed)) boot_range {
		uint64_t address, bytes;
		uint32_t type;
	} e820_table[128];
	uint8_t reserved5[0x330];
};

_Static_assert(offsetof(struct setup_header, header) == 0x202 - HEADER_OFFSET &&
		       offsetof(struct setup_header, ramdisk_image) == 0x218 - HEADER_OFFSET &&
		       offsetof(struct setup_header, cmd_line_ptr) == 0x228 - HEADER_OFFSET &&
		       offsetof(struct setup_header, pref_address) == 0x258 - HEADER_OFFSET &&
		       offsetof(struct boot_params, hdr) == HEADER_OFFSET &&
		       offsetof(struct boot_params, e820_table) == 0x2d0 &&
		       sizeof(struct boot_params) == 4096,
	"as boot.rst has them");

static int read_header(const struct boot *boot, struct setup_header *header)
{
	int r = boot_read(boot->kernel_fd, header, sizeof(*header), HEADER_OFFSET);

	if (r < 0)
		return r;
	if (header->header != HEADER_MAGIC || header->version < PROTOCOL_LEAST ||
		!(header->loadflags & LOADED_HIGH))
		return error_set(EINVAL, "the kernel is older than Linux 3.8");
	/* What is behind the header in the file is none of it. */
	if (HEADER_END(header->jump) < HEADER_OFFSET + sizeof(*header))
		memset((char *)header + (HEADER_END(header->jump) - HEADER_OFFSET), 0,
			HEADER_OFFSET + sizeof(*header) - HEADER_END(header->jump));
	return 0;
}

/* Behind the real-mode part; it unpacks itself to where it wants to be, up to *END. */
static int load_kernel(const struct boot *boot, const struct setup_header *header,
	const struct memory *memory, uint64_t *end)
{
	uint64_t begin =
		(header->setup_sects ? header->setup_sects : 4) * (uint64_t)SECTOR + SECTOR;
	uint64_t target =
		header->pref_address > BOOT_HIGH_MEMORY ? header->pref_address : BOOT_HIGH_MEMORY;
	struct stat status;
	uint64_t bytes;
	char *host;

	if (fstat(boot->kernel_fd, &status) < 0)
		return error_errno(errno, "cannot read the kernel");
	if ((uint64_t)status.st_size <= begin)
		return error_set(EINVAL, "the kernel's file is too short");
	bytes = (uint64_t)status.st_size - begin;
	host = memory_at(memory, BOOT_HIGH_MEMORY, bytes);
	if (!host || target >= memory->slots[0].bytes ||
		!memory_at(memory, target, header->init_size))
		return error_set(ENOMEM, "the guest's memory is too small for its kernel");
	*end = BOOT_HIGH_MEMORY + bytes;
	if (target + header->init_size > *end)
		*end = target + header->init_size;
	return boot_map(boot->kernel_fd, begin, host, bytes);
}

static void add_range(struct boot_params *page, uint64_t address, uint64_t bytes, uint32_t type)
{
	page->e820_table[page->e820_entries++] = (struct boot_range){ address, bytes, type };
}

static void describe(struct boot_params *page, const struct memory *memory)
{
	add_range(page, 0, BOOT_LOW_MEMORY_END, MAP_RAM);
	add_range(page, ACPI_ADDRESS, BOOT_HIGH_MEMORY - ACPI_ADDRESS, MAP_RESERVED);
	add_range(page, BOOT_HIGH_MEMORY, memory->slots[0].bytes - BOOT_HIGH_MEMORY, MAP_RAM);
	if (memory->count > 1)
		add_range(page, memory->slots[1].address, memory->slots[1].bytes, MAP_RAM);
}

int boot_bzimage_load(struct boot *boot, const struct memory *memory)
{
	struct boot_params *page = memory_at(memory, BOOT_START_ADDRESS, sizeof(*page));
	uint64_t kernel_end = 0, address = 0, bytes = 0;
	struct setup_header header;
	int r = read_header(boot, &header);

	if (r >= 0)
		r = load_kernel(boot, &header, memory, &kernel_end);
	if (r >= 0 && boot->initrd_fd >= 0)
		r = boot_place_initrd(boot, memory, kernel_end,
			header.initrd_addr_max ? header.initrd_addr_max + 1ull : UINT64_MAX,
			&address, &bytes);
	if (r < 0)
		return r;
	memset(page, 0, sizeof(*page));
	page->hdr = header;
	page->hdr.type_of_loader = NO_LOADER_ID;
	page->hdr.ramdisk_image = (uint32_t)address;
	page->hdr.ramdisk_size = (uint32_t)bytes;
	page->hdr.cmd_line_ptr = BOOT_COMMAND_ADDRESS;
	page->acpi_rsdp_addr = acpi_write(memory, boot->vcpus);
	describe(page, memory);
	boot->entry = BOOT_HIGH_MEMORY;
	boot->esi = BOOT_START_ADDRESS;
	return 0;
}
