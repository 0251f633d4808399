/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/architecture.h"

#include <elf.h>
#include <string.h>

#include "base/memory.h"

#ifndef EM_LOONGARCH
#define EM_LOONGARCH 258
#endif

#define LOW  ELFDATA2LSB
#define HIGH ELFDATA2MSB

const struct architecture architecture_table[] = {
	{ "386", "i386", 32, LOW, EM_386, "i686" },
	{ "amd64", "x86_64", 64, LOW, EM_X86_64, "x86_64" },
	{ "arm", "arm", 32, LOW, EM_ARM, "armv7l" },
	{ "arm64", "aarch64", 64, LOW, EM_AARCH64, "aarch64" },
	{ "loong64", "loongarch64", 64, LOW, EM_LOONGARCH, "loongarch64" },
	{ "mips", "mips", 32, HIGH, EM_MIPS, "mips" },
	{ "mips64", "mips64", 64, HIGH, EM_MIPS, "mips64" },
	{ "mips64le", "mips64el", 64, LOW, EM_MIPS, "mips64" },
	{ "mipsle", "mipsel", 32, LOW, EM_MIPS, "mips" },
	{ "ppc64", "ppc64", 64, HIGH, EM_PPC64, "ppc64" },
	{ "ppc64le", "ppc64le", 64, LOW, EM_PPC64, "ppc64le" },
	{ "riscv64", "riscv64", 64, LOW, EM_RISCV, "riscv64" },
	{ "s390x", "s390x", 64, HIGH, EM_S390, "s390x" },
	{ 0 },
};

/* The linker has a name for the header of this very program. */
extern const unsigned char own_header[ARCHITECTURE_BYTES] __asm__("__ehdr_start")
	__attribute__((visibility("hidden")));

const struct architecture *architecture_find(const char *name, size_t length)
{
	for (const struct architecture *row = architecture_table; row->name; row++)
		if ((strlen(row->name) == length && !memcmp(row->name, name, length)) ||
			(strlen(row->qemu) == length && !memcmp(row->qemu, name, length)))
			return row;
	return NULL;
}

void architecture_pattern(const struct architecture *architecture,
	unsigned char bytes[ARCHITECTURE_BYTES], unsigned char mask[ARCHITECTURE_BYTES])
{
	const size_t high = architecture->order == HIGH ? 0 : 1, low = 1 - high;

	memset(bytes, 0, ARCHITECTURE_BYTES);
	memset(mask, 0, ARCHITECTURE_BYTES);
	bytes[EI_MAG0] = ELFMAG0;
	bytes[EI_MAG1] = ELFMAG1;
	bytes[EI_MAG2] = ELFMAG2;
	bytes[EI_MAG3] = ELFMAG3;
	bytes[EI_CLASS] = architecture->bits == 64 ? ELFCLASS64 : ELFCLASS32;
	bytes[EI_DATA] = architecture->order;
	bytes[EI_VERSION] = EV_CURRENT;
	memset(mask, 0xff, EI_VERSION + 1);
	/* EM_*, and ET_EXEC or ET_DYN, which differ in one bit. */
	bytes[EI_NIDENT + low] = ET_EXEC;
	mask[EI_NIDENT + low] = 0xfe;
	mask[EI_NIDENT + high] = 0xff;
	bytes[EI_NIDENT + 2 + low] = (unsigned char)architecture->machine;
	bytes[EI_NIDENT + 2 + high] = (unsigned char)(architecture->machine >> 8);
	mask[EI_NIDENT + 2] = mask[EI_NIDENT + 3] = 0xff;
}

const struct architecture *architecture_of(const unsigned char *bytes, size_t length)
{
	if (length < ARCHITECTURE_BYTES)
		return NULL;
	for (const struct architecture *row = architecture_table; row->name; row++) {
		unsigned char wanted[ARCHITECTURE_BYTES], mask[ARCHITECTURE_BYTES];
		size_t i = 0;

		architecture_pattern(row, wanted, mask);
		while (i < ARCHITECTURE_BYTES && (bytes[i] & mask[i]) == (wanted[i] & mask[i]))
			i++;
		if (i == ARCHITECTURE_BYTES)
			return row;
	}
	return NULL;
}

const struct architecture *architecture_own(void)
{
	return architecture_of(own_header, ARCHITECTURE_BYTES);
}
