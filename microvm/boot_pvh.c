/* SPDX-License-Identifier: Apache-2.0 */
#include "microvm/boot_pvh.h"

#include <elf.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "microvm/acpi.h"

/* The first megabyte: docs/microvm.md has the map. */
#define START_INFO_ADDRESS   0x6000ul
#define COMMAND_LINE_ADDRESS 0x20000ul
#define COMMAND_LINE_BYTES   2048ul /* x86's COMMAND_LINE_SIZE */
#define LOW_MEMORY_END	     0x9fc00ul
#define HIGH_MEMORY	     0x100000ul

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

static int read_exactly(int fd, void *bytes, size_t length, uint64_t offset)
{
	ssize_t got = pread(fd, bytes, length, (off_t)offset);

	if (got < 0)
		return error_errno(errno, "cannot read the kernel");
	return (size_t)got == length ? 0 : error_set(EINVAL, "the kernel's file is too short");
}

/* LENGTH bytes of a file at OFFSET become the guest's at HOST: whole pages mapped, the rest copied. */
static int map_file(int fd, uint64_t offset, char *host, size_t length)
{
	size_t head = -(uintptr_t)host % MEMORY_PAGE, whole;
	int r;

	if ((uintptr_t)host % MEMORY_PAGE != offset % MEMORY_PAGE || head > length)
		return read_exactly(fd, host, length, offset);
	whole = (length - head) / MEMORY_PAGE * MEMORY_PAGE;
	if (whole && mmap(host + head, whole, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED, fd,
			     (off_t)(offset + head)) == MAP_FAILED)
		return error_errno(errno, "cannot map the kernel");
	r = read_exactly(fd, host, head, offset);
	return r < 0 ? r
		     : read_exactly(fd, host + head + whole, length - head - whole,
			       offset + head + whole);
}

static int load_segment(const struct boot *boot, const struct memory *memory,
	const Elf64_Phdr *header, uint64_t *end)
{
	char *host;

	if (header->p_filesz > header->p_memsz || header->p_paddr < HIGH_MEMORY)
		return error_set(EINVAL, "the kernel has a segment that cannot be loaded");
	host = memory_at(memory, header->p_paddr, header->p_memsz);
	if (!host)
		return error_set(ENOMEM, "the guest's memory is too small for its kernel");
	if (header->p_paddr + header->p_memsz > *end)
		*end = header->p_paddr + header->p_memsz;
	return map_file(boot->kernel_fd, header->p_offset, host, header->p_filesz);
}

/* The note that says where the kernel is entered, among those of one segment. */
static int find_entry(struct boot *boot, const Elf64_Phdr *header)
{
	char notes[MOST_NOTES];
	size_t length = header->p_filesz, offset = 0;
	int r;

	if (length > sizeof(notes))
		return 0;
	r = read_exactly(boot->kernel_fd, notes, length, header->p_offset);
	while (r >= 0 && offset + sizeof(Elf64_Nhdr) <= length) {
		Elf64_Nhdr note;
		size_t name = offset + sizeof(note), value, next;
		uint32_t entry;

		memcpy(&note, notes + offset, sizeof(note));
		value = name + ((note.n_namesz + 3ul) & ~3ul);
		next = value + ((note.n_descsz + 3ul) & ~3ul);
		if (next > length)
			break;
		if (note.n_type == XEN_NOTE_PHYS32_ENTRY && note.n_namesz == 4 &&
			!memcmp(notes + name, "Xen", 4) && note.n_descsz >= sizeof(entry)) {
			memcpy(&entry, notes + value, sizeof(entry));
			boot->entry = entry;
		}
		offset = next;
	}
	return r;
}

static int load_kernel(struct boot *boot, const struct memory *memory, uint64_t *end)
{
	Elf64_Phdr headers[MOST_HEADERS];
	Elf64_Ehdr header;
	int r = read_exactly(boot->kernel_fd, &header, sizeof(header), 0);

	if (r < 0)
		return r;
	if (memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 ||
		header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_machine != EM_X86_64)
		return error_set(EINVAL, "the kernel is no ELF file for x86-64");
	if (!header.e_phnum || header.e_phnum > MOST_HEADERS ||
		header.e_phentsize != sizeof(headers[0]))
		return error_set(EINVAL, "the kernel's program headers are damaged");
	r = read_exactly(
		boot->kernel_fd, headers, header.e_phnum * sizeof(headers[0]), header.e_phoff);
	for (unsigned int i = 0; r >= 0 && i < header.e_phnum; i++) {
		if (headers[i].p_type == PT_LOAD)
			r = load_segment(boot, memory, &headers[i], end);
		else if (headers[i].p_type == PT_NOTE)
			r = find_entry(boot, &headers[i]);
	}
	if (r >= 0 && !boot->entry)
		return error_set(
			EINVAL, "the kernel has no PVH entry: it was built without CONFIG_PVH");
	return r;
}

/* At the end of low memory, where the kernel's own allocations come last. */
static int load_initrd(const struct boot *boot, const struct memory *memory, uint64_t kernel_end,
	struct start_module *module)
{
	struct stat status;
	uint64_t bytes, address;

	if (fstat(boot->initrd_fd, &status) < 0)
		return error_errno(errno, "initial file system");
	bytes = ((uint64_t)status.st_size + MEMORY_PAGE - 1) & ~(MEMORY_PAGE - 1);
	if (memory->slots[0].bytes < bytes + kernel_end)
		return error_set(ENOMEM,
			"the guest's memory is too small for its kernel and initial file system");
	address = memory->slots[0].bytes - bytes;
	*module = (struct start_module){ .address = address, .bytes = (uint64_t)status.st_size };
	return map_file(
		boot->initrd_fd, 0, memory_at(memory, address, bytes), (size_t)status.st_size);
}

static void add_range(struct start_page *page, uint64_t address, uint64_t bytes, uint32_t type)
{
	page->map[page->info.map_count++] = (struct start_map){ address, bytes, type, 0 };
}

static void describe(struct start_page *page, const struct memory *memory)
{
	page->info.magic = XEN_START_MAGIC;
	page->info.version = 1;
	page->info.command_line = COMMAND_LINE_ADDRESS;
	page->info.map = START_INFO_ADDRESS + offsetof(struct start_page, map);
	add_range(page, 0, LOW_MEMORY_END, MAP_RAM);
	add_range(page, ACPI_ADDRESS, HIGH_MEMORY - ACPI_ADDRESS, MAP_RESERVED);
	add_range(page, HIGH_MEMORY, memory->slots[0].bytes - HIGH_MEMORY, MAP_RAM);
	if (memory->count > 1)
		add_range(page, memory->slots[1].address, memory->slots[1].bytes, MAP_RAM);
}

int boot_pvh_load(struct boot *boot, const struct memory *memory)
{
	size_t length = strlen(boot->command_line) + 1;
	struct start_page *page = memory_at(memory, START_INFO_ADDRESS, sizeof(*page));
	uint64_t kernel_end = HIGH_MEMORY;
	int r;

	if (length > COMMAND_LINE_BYTES)
		return error_set(EINVAL, "the kernel's command line is longer than %lu bytes",
			COMMAND_LINE_BYTES - 1);
	boot->entry = 0;
	boot->start_info = START_INFO_ADDRESS;
	r = load_kernel(boot, memory, &kernel_end);
	if (r < 0)
		return r;
	memset(page, 0, sizeof(*page));
	describe(page, memory);
	memcpy(memory_at(memory, COMMAND_LINE_ADDRESS, length), boot->command_line, length);
	if (boot->initrd_fd >= 0) {
		r = load_initrd(boot, memory, kernel_end, &page->module);
		page->info.module_count = 1;
		page->info.modules = START_INFO_ADDRESS + offsetof(struct start_page, module);
	}
	page->info.acpi_root = acpi_write(memory, boot->vcpus);
	return r;
}
