/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_MICROVM_BOOT_PVH_H
#define HULL_MICROVM_BOOT_PVH_H

/*
 * Loading an ELF kernel for its PVH entry (xen/include/public/arch-x86/hvm/start_info.h):
 * 32-bit protected mode, a description of the machine in memory, no firmware.
 * The kernel and the initial file system are mapped privately: what the guest does
 * not write is shared with all others that boot the same.
 */
#include "microvm/memory.h"

struct boot {
	int kernel_fd, initrd_fd; /* files that nobody changes; initrd_fd -1: none */
	const char *command_line;
	unsigned int vcpus;
	uint64_t entry, start_info; /* out: where the first vCPU begins, what it finds in EBX */
};

/* 0 or a negative errno with a message: not such a kernel, or too little memory. */
int boot_pvh_load(struct boot *boot, const struct memory *memory);

#endif
