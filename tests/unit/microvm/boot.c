/* SPDX-License-Identifier: Apache-2.0 */
/* Kernels as they are put into the guest's memory, and those that are refused. */
#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/error.h"
#include "microvm/boot.h"
#include "tests/unit/test.h"

#define MIB (1ul << 20)

static struct memory memory;

static int file_of(const void *bytes, size_t length)
{
	int fd = memfd_create("file", MFD_CLOEXEC);

	NEED(fd >= 0 && write(fd, bytes, length) == (ssize_t)length);
	return fd;
}

static void put(char *image, size_t offset, uint64_t value, size_t length)
{
	memcpy(image + offset, &value, length);
}

/* Two sectors of real mode, then code; it wants 8 MiB from 4 MiB on. */
static void make_image(char *image, size_t length)
{
	memset(image, 0, length);
	put(image, 0x1f1, 1, 1);
	put(image, 0x200, 0x6aeb, 2);
	put(image, 0x202, 0x53726448, 4);
	put(image, 0x206, 0x020f, 2);
	put(image, 0x211, 1, 1);
	put(image, 0x22c, 0x7fffffff, 4);
	put(image, 0x258, 4 * MIB, 8);
	put(image, 0x260, 8 * MIB, 4);
	(void)stpcpy(image + 1024, "code");
	image[0x26c] = 'x';
}

static int load(const char *image, size_t length, struct boot *boot)
{
	int r;

	boot->kernel_fd = file_of(image, length);
	r = boot_load(boot, &memory);
	(void)close(boot->kernel_fd);
	return r;
}

static uint64_t page(size_t offset, size_t length)
{
	uint64_t value = 0;

	memcpy(&value, memory.slots[0].host + BOOT_START_ADDRESS + offset, length);
	return value;
}

static void test_bzimage(void)
{
	struct boot boot = { .command_line = "quiet", .vcpus = 1 };
	char image[4096];

	make_image(image, sizeof(image));
	boot.initrd_fd = file_of("files", 5);
	CHECK(load(image, sizeof(image), &boot) == 0, "a bzImage");
	CHECK(boot.entry == BOOT_HIGH_MEMORY && boot.esi == BOOT_START_ADDRESS && !boot.ebx,
		"is entered where its code is, with a page in ESI");
	CHECK(!strcmp(memory.slots[0].host + BOOT_HIGH_MEMORY, "code"), "without its real mode");
	CHECK(page(0x202, 4) == 0x53726448 && page(0x210, 1) == 0xff, "its header is in the page");
	CHECK(page(0x26c, 1) == 0, "and nothing of what is behind that");
	CHECK_TEXT(memory.slots[0].host + page(0x228, 4), "quiet", "the command line");
	CHECK(page(0x218, 4) == 16 * MIB - MEMORY_PAGE && page(0x21c, 4) == 5 &&
			!memcmp(memory.slots[0].host + page(0x218, 4), "files", 5),
		"the initial file system at the end of memory");
	CHECK(page(0x1e8, 1) == 3 && page(0x2d0 + 2 * 20, 8) == BOOT_HIGH_MEMORY &&
			page(0x2d0 + 2 * 20 + 8, 8) == 15 * MIB &&
			page(0x2d0 + 2 * 20 + 16, 4) == 1,
		"a map of the memory");
	CHECK(page(0x70, 8) && !memcmp(memory.slots[0].host + page(0x70, 8), "RSD PTR ", 8),
		"ACPI's tables");
	(void)close(boot.initrd_fd);
}

static void test_refused(void)
{
	struct boot boot = { .command_line = "quiet", .vcpus = 1, .initrd_fd = -1 };
	char image[4096];

	make_image(image, sizeof(image));
	put(image, 0x260, 16 * MIB, 4);
	CHECK(load(image, sizeof(image), &boot) == -ENOMEM, "a kernel larger than the memory");
	make_image(image, sizeof(image));
	put(image, 0x258, ~0ull, 8);
	CHECK(load(image, sizeof(image), &boot) == -ENOMEM, "one for where there is none");
	make_image(image, sizeof(image));
	put(image, 0x206, 0x0205, 2);
	CHECK(load(image, sizeof(image), &boot) == -EINVAL, "one that is too old");
	make_image(image, sizeof(image));
	put(image, 0x1f1, 200, 1);
	CHECK(load(image, sizeof(image), &boot) == -EINVAL, "one without code");
	CHECK(load(image, 0x210, &boot) == -EINVAL, "one that ends too early");
	memset(image, 'x', sizeof(image));
	CHECK(load(image, sizeof(image), &boot) == -EINVAL, "none at all");
}

static void test_elf(void)
{
	struct {
		Elf64_Ehdr head;
		Elf64_Phdr note;
		Elf64_Nhdr entry;
		char name[4];
		uint32_t value;
	} file = {
		.head = { .e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64 },
			.e_machine = EM_X86_64,
			.e_phoff = sizeof(Elf64_Ehdr),
			.e_phentsize = sizeof(Elf64_Phdr),
			.e_phnum = 1 },
		.note = { .p_type = PT_NOTE,
			.p_offset = sizeof(Elf64_Ehdr) + sizeof(Elf64_Phdr),
			.p_filesz = 20 },
		.entry = { 4, 4, 18 },
		.name = "Xen",
		.value = 0x1000000,
	};
	struct boot boot = { .command_line = "quiet", .vcpus = 1, .initrd_fd = -1 };
	int fd = file_of(&file, sizeof(file));

	CHECK(boot_pvh_find(fd) == 1, "an ELF kernel with a PVH entry");
	(void)close(fd);
	CHECK(load((const char *)&file, sizeof(file), &boot) == 0 && boot.entry == 0x1000000 &&
			boot.ebx == BOOT_START_ADDRESS && !boot.esi,
		"is entered there, with a page in EBX");
	file.entry.n_type = 17;
	fd = file_of(&file, sizeof(file));
	CHECK(boot_pvh_find(fd) == 0, "one without");
	(void)close(fd);
	CHECK(load((const char *)&file, sizeof(file), &boot) == -EINVAL, "is not booted");
}

int main(void)
{
	NEED(memory_make(&memory, 16 * MIB) == 0);
	test_bzimage();
	test_refused();
	test_elf();
	memory_free(&memory);
	return test_end();
}
