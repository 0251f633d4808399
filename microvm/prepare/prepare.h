/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_MICROVM_PREPARE_PREPARE_H
#define HULL_MICROVM_PREPARE_PREPARE_H

/*
 * From a distribution's kernel to the two files that a microVM boots from; done once
 * and kept in a cache under the hash of what they were made of:
 *
 *   FILE-DEVICE-INODE-BYTES-TIME -> HASH   which kernel a file is, without reading it
 *   HASH/vmlinux                            the ELF kernel
 *   HASH/version                            of its modules
 *   HASH/initrd-HASH                        with this hull-guest and this hull
 */
#include "base/memory.h"

struct prepared {
	const char *kernel, *vmlinux, *initrd; /* paths */
};

/*
 * KERNEL: a vmlinuz or vmlinux, or NULL: this machine's own. CACHE: a folder, made when
 * missing. PROGRAMS: the folder of hull and hull-guest. 0 or a negative errno with a message.
 */
int prepare(struct arena *arena, const char *kernel, const char *cache, const char *programs,
	struct prepared *prepared);

#endif
