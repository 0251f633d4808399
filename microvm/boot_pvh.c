/* SPDX-License-Identifier: Apache-2.0 */
#include "microvm/boot.h"

#include <elf.h>
#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "microvm/acpi.h"

#define XEN_START_MAGIC	      0x336ec578u
#define XEN_NOTE_PHYS32_ENTRY 18
#define MOST_HEADERS	      32
#define MOST_NOTES	      65536u

enum { MAP_RAM = 1, MAP_RESERVED = 2 };

struct start_info {
	uint32_t magic, version, flags, module_count;
	uint64_t modules, command_line, acpi_root;
	uint64_t map;
	uint32_t map_count, reserved;
};

struct start_module {
	uint64_t address, bytes, command_line, reserved;
};

struct start_map {
	uint64_t address, bytes;
	uint32_t type, reserved;
};

struct start_page {
	struct start_info info;
	struct start_module module;
	struct start_map map[5];
};

static int load_segment(const struct boot *boot, const struct memory *memory,
	const Elf64_Phdr *header, uint64_t *end)
{
	char *host;

	if (header->p_filesz > header->p_memsz || header->p_paddr < BOOT_HIGH_MEMORY)
		return error_set(EINVAL, "the kernel has a segment that cannot be loaded");
	host = memory_at(memory, header->p_paddr, header->p_memsz);
	if (!host)
		return error_set(ENOMEM, "the guest's memory is too small for its kernel");
	if (header->p_paddr + header->p_memsz > *end)
		*end = header->p_paddr + header->p_memsz;
	return boot_map(boot->kernel_fd, header->p_offset, host, header->p_filesz);
}

/* The note that says where the kernel is entered, among those of one segment; 0: none there. */
static int find_entry(int kernel_fd, const Elf64_Phdr *header, uint32_t *entry)
{
	char notes[MOST_NOTES];
	size_t length = header->p_filesz, offset = 0;
	int r;

	if (length > sizeof(notes))
		return 0;
	r = boot_read(kernel_fd, notes, length, header->p_offset);
	while (r >= 0 && offset + sizeof(Elf64_Nhdr) <= length) {
		Elf64_Nhdr note;
		size_t name = offset + sizeof(note), value, next;

		memcpy(&note, notes + offset, sizeof(note));
		value = name + ((note.n_namesz + 3ul) & ~3ul);
		next = value + ((note.n_descsz + 3ul) & ~3ul);
		if (next > length)
			break;
		if (note.n_type == XEN_NOTE_PHYS32_ENTRY && note.n_namesz == 4 &&
			!memcmp(notes + name, "Xen", 4) && note.n_descsz >= sizeof(*entry))
			memcpy(entry, notes + value, sizeof(*entry));
		offset = next;
	}
	return r;
}

/* The program headers, whose number is returned, and the entry, or 0. */
static int read_headers(int kernel_fd, Elf64_Phdr *headers, uint32_t *entry)
{
	Elf64_Ehdr header;
	int r = boot_read(kernel_fd, &header, sizeof(header), 0);

	*entry = 0;
	if (r < 0)
		return r;
	if (memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 ||
		header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_machine != EM_X86_64)
		return error_set(EINVAL, "the kernel is no ELF file for x86-64");
	if (!header.e_phnum || header.e_phnum > MOST_HEADERS ||
		header.e_phentsize != sizeof(headers[0]))
		return error_set(EINVAL, "the kernel's program headers are damaged");
	r = boot_read(kernel_fd, headers, header.e_phnum * sizeof(headers[0]), header.e_phoff);
	for (unsigned int i = 0; r >= 0 && i < header.e_phnum; i++)
		if (headers[i].p_type == PT_NOTE)
			r = find_entry(kernel_fd, &headers[i], entry);
	return r < 0 ? r : header.e_phnum;
}

int boot_pvh_find(int kernel_fd)
{
	Elf64_Phdr headers[MOST_HEADERS];
	uint32_t entry;
	int r = read_headers(kernel_fd, headers, &entry);

	return r < 0 ? r : entry != 0;
}

static int load_kernel(struct boot *boot, const struct memory *memory, uint64_t *end)
{
	Elf64_Phdr headers[MOST_HEADERS];
	uint32_t entry;
	int count = read_headers(boot->kernel_fd, headers, &entry), r = count;

	for (int i = 0; r >= 0 && i < count; i++)
		if (headers[i].p_type == PT_LOAD)
			r = load_segment(boot, memory, &headers[i], end);
	if (r >= 0 && !entry)
		return error_set(
			EINVAL, "the kernel has no PVH entry: it was built without CONFIG_PVH");
	boot->entry = entry;
	return r < 0 ? r : 0;
}

static void add_range(struct start_page *page, uint64_t address, uint64_t bytes, uint32_t type)
{
	page->map[page->info.map_count++] = (struct start_map){ address, bytes, type, 0 };
}

static void describe(struct start_page *page, const struct memory *memory)
{
	page->info.magic = XEN_START_MAGIC;
	page->info.version = 1;
	page->info.command_line = BOOT_COMMAND_ADDRESS;
	page->info.map = BOOT_START_ADDRESS + offsetof(struct start_page, map);
	add_range(page, 0, BOOT_LOW_MEMORY_END, MAP_RAM);
	add_range(page, ACPI_ADDRESS, BOOT_HIGH_MEMORY - ACPI_ADDRESS, MAP_RESERVED);
	add_range(page, BOOT_HIGH_MEMORY, memory->slots[0].bytes - BOOT_HIGH_MEMORY, MAP_RAM);
	if (memory->count > 1)
		add_range(page, memory->slots[1].address, memory->slots[1].bytes, MAP_RAM);
}

int boot_pvh_load(struct boot *boot, const struct memory *memory)
{
	struct start_page *page = memory_at(memory, BOOT_START_ADDRESS, sizeof(*page));
	uint64_t kernel_end = BOOT_HIGH_MEMORY;
	int r = load_kernel(boot, memory, &kernel_end);

	if (r < 0)
		return r;
	boot->ebx = BOOT_START_ADDRESS;
	memset(page, 0, sizeof(*page));
	describe(page, memory);
	if (boot->initrd_fd >= 0) {
		r = boot_place_initrd(boot, memory, kernel_end, UINT64_MAX, &page->module.address,
			&page->module.bytes);
		page->info.module_count = 1;
		page->info.modules = BOOT_START_ADDRESS + offsetof(struct start_page, module);
	}
	page->info.acpi_root = acpi_write(memory, boot->vcpus);
	return r;
}
