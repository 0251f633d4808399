/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_MICROVM_BOOT_H
#define HULL_MICROVM_BOOT_H

/*
 * A kernel in the guest's memory, with all that it has to be told: an ELF file with a PVH entry
 * (boot_pvh.c), or else a bzImage, which unpacks itself (boot_bzimage.c). No firmware: the first
 * vCPU begins in 32-bit protected mode. Files are mapped privately: what the guest does not
 * write is shared with all others that boot the same.
 */
#include "microvm/memory.h"

/* The first megabyte: docs/microvm.md has the map. */
#define BOOT_START_ADDRESS   0x6000ul
#define BOOT_COMMAND_ADDRESS 0x20000ul
#define BOOT_LOW_MEMORY_END  0x9fc00ul
#define BOOT_HIGH_MEMORY     0x100000ul

struct boot {
	int kernel_fd, initrd_fd; /* files that nobody changes; initrd_fd -1: none */
	const char *command_line;
	unsigned int vcpus;
	uint64_t entry, ebx, esi; /* out: where the first vCPU begins, and with what */
};

/* 0 or a negative errno with a message: not such a kernel, or too little memory. */
int boot_load(struct boot *boot, const struct memory *memory);

/* ---- the ways, for boot_load ---- */

int boot_pvh_load(struct boot *boot, const struct memory *memory);
int boot_bzimage_load(struct boot *boot, const struct memory *memory);

/* 1: the ELF file has a PVH entry; 0: it has none. A negative errno with a message. */
int boot_pvh_find(int kernel_fd);

/* ---- boot.c, for both ---- */

/* Exactly LENGTH bytes; a negative errno with a message. */
int boot_read(int fd, void *bytes, size_t length, uint64_t offset);
/* LENGTH bytes of a file at OFFSET become the guest's at HOST: whole pages mapped, the rest copied. */
int boot_map(int fd, uint64_t offset, char *host, size_t length);
/* At the end of low memory below MOST, where the kernel's own allocations come last. */
int boot_place_initrd(const struct boot *boot, const struct memory *memory, uint64_t kernel_end,
	uint64_t most, uint64_t *address, uint64_t *bytes);

#endif
