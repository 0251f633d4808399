/* SPDX-License-Identifier: Apache-2.0 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/process.h"
#include "spec/architecture.h"

#define ANSWER 42
#define BASE   0x10000

/* exit(ANSWER) */
static const unsigned char code_386[] = { 0xb8, 1, 0, 0, 0, 0xbb, ANSWER, 0, 0, 0, 0xcd, 0x80 };
static const unsigned char code_arm[] = { 1, 0x70, 0xa0, 0xe3, ANSWER, 0, 0xa0, 0xe3, 0, 0, 0,
	0xef };

/* Which machine may execute whose programs, and how these exit. */
static const struct {
	const char *own, *other;
	const unsigned char *code;
	size_t length;
} pairs[] = {
	{ "amd64", "386", code_386, sizeof(code_386) },
	{ "arm64", "arm", code_arm, sizeof(code_arm) },
};

/* The smallest program: its header, one segment, its code. */
static int make_program(
	const struct architecture *architecture, const unsigned char *code, size_t length)
{
	struct {
		Elf32_Ehdr header;
		Elf32_Phdr segment;
	} start = {
		.header = { .e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS32,
				    ELFDATA2LSB, EV_CURRENT },
			.e_type = ET_EXEC,
			.e_machine = architecture->machine,
			.e_version = EV_CURRENT,
			.e_entry = BASE + sizeof(start),
			.e_phoff = sizeof(Elf32_Ehdr),
			.e_flags = architecture->machine == EM_ARM ? 0x05000000 : 0, /* EABI 5 */
			.e_ehsize = sizeof(Elf32_Ehdr),
			.e_phentsize = sizeof(Elf32_Phdr),
			.e_phnum = 1 },
		.segment = { .p_type = PT_LOAD,
			.p_vaddr = BASE,
			.p_filesz = (Elf32_Word)(sizeof(start) + length),
			.p_memsz = (Elf32_Word)(sizeof(start) + length),
			.p_flags = PF_R | PF_X,
			.p_align = 0x1000 },
	};
	_cleanup_close_ int fd = memfd_create("hull-native", MFD_CLOEXEC);

	if (fd < 0 || file_write_all(fd, &start, sizeof(start)) < 0 ||
		file_write_all(fd, code, length) < 0)
		return -1;
	return TAKE_FD(fd);
}

static bool executes(
	const struct architecture *architecture, const unsigned char *code, size_t length)
{
	_cleanup_close_ int fd = make_program(architecture, code, length);
	pid_t child = fd < 0 ? -1 : process_clone(0, -1, NULL);

	if (child == 0) {
		char *const none[] = { NULL };

		(void)fexecve(fd, none, none);
		_exit(1);
	}
	return child > 0 && process_exit_code(process_wait(child)) == ANSWER;
}

bool architecture_is_native(const struct architecture *architecture)
{
	const struct architecture *own = architecture_own();

	if (architecture == own)
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(pairs) && own; i++)
		if (!strcmp(pairs[i].own, own->name) && !strcmp(pairs[i].other, architecture->name))
			return executes(architecture, pairs[i].code, pairs[i].length);
	return false;
}
