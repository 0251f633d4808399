/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_MICROVM_PREPARE_INITRAMFS_H
#define HULL_MICROVM_PREPARE_INITRAMFS_H

/*
 * The guest's initial file system (Documentation/driver-api/early-userspace/
 * buffer-format.rst): /bin/ps is hull-guest, which /init leads to, /bin/hull,
 * /modules/NN-NAME, and so for each use of modules. Plain, because
 * decompression takes the guest longer than reading.
 */
#include "base/buffer.h"
#include "base/memory.h"
#include "microvm/prepare/modules.h"

/* MODULES: for each use, paths below FOLDER. 0 or a negative errno with a message. */
int initramfs_make(struct buffer *archive, const char *guest, const char *hull, const char *folder,
	const struct string_list *modules);

#endif
