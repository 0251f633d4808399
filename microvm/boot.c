/* SPDX-License-Identifier: Apache-2.0 */
#include "microvm/boot.h"

#include <elf.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"

#define COMMAND_LINE_BYTES 2048ul /* x86's COMMAND_LINE_SIZE */

int boot_read(int fd, void *bytes, size_t length, uint64_t offset)
{
	ssize_t got = pread(fd, bytes, length, (off_t)offset);

	if (got < 0)
		return error_errno(errno, "cannot read the kernel");
	return (size_t)got == length ? 0 : error_set(EINVAL, "the kernel's file is too short");
}

int boot_map(int fd, uint64_t offset, char *host, size_t length)
{
	size_t head = -(uintptr_t)host % MEMORY_PAGE, whole;
	int r;

	if ((uintptr_t)host % MEMORY_PAGE != offset % MEMORY_PAGE || head > length)
		return boot_read(fd, host, length, offset);
	whole = (length - head) / MEMORY_PAGE * MEMORY_PAGE;
	if (whole && mmap(host + head, whole, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED, fd,
			     (off_t)(offset + head)) == MAP_FAILED)
		return error_errno(errno, "cannot map the kernel");
	r = boot_read(fd, host, head, offset);
	return r < 0 ? r
		     : boot_read(fd, host + head + whole, length - head - whole,
			       offset + head + whole);
}

int boot_place_initrd(const struct boot *boot, const struct memory *memory, uint64_t kernel_end,
	uint64_t most, uint64_t *address, uint64_t *bytes)
{
	struct stat status;
	uint64_t room, end = memory->slots[0].bytes < most ? memory->slots[0].bytes : most;

	if (fstat(boot->initrd_fd, &status) < 0)
		return error_errno(errno, "initial file system");
	*bytes = (uint64_t)status.st_size;
	room = (*bytes + MEMORY_PAGE - 1) & ~(MEMORY_PAGE - 1);
	if (end < room + kernel_end)
		return error_set(ENOMEM,
			"the guest's memory is too small for its kernel and initial file system");
	*address = (end - room) & ~(MEMORY_PAGE - 1);
	return boot_map(boot->initrd_fd, 0, memory_at(memory, *address, room), *bytes);
}

int boot_load(struct boot *boot, const struct memory *memory)
{
	size_t length = strlen(boot->command_line) + 1;
	char magic[SELFMAG];
	int r;

	if (length > COMMAND_LINE_BYTES)
		return error_set(EINVAL, "the kernel's command line is longer than %lu bytes",
			COMMAND_LINE_BYTES - 1);
	memcpy(memory_at(memory, BOOT_COMMAND_ADDRESS, length), boot->command_line, length);
	boot->entry = boot->ebx = boot->esi = 0;
	r = boot_read(boot->kernel_fd, magic, sizeof(magic), 0);
	if (r < 0)
		return r;
	return memcmp(magic, ELFMAG, SELFMAG) ? boot_bzimage_load(boot, memory)
					      : boot_pvh_load(boot, memory);
}
