/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_MICROVM_PREPARE_MODULES_H
#define HULL_MICROVM_PREPARE_MODULES_H

/* The modules that a kernel needs to see the monitor's devices, in the order of loading. */
#include "base/memory.h"

/* Loaded at once; in a guest that has interfaces, or sockets; once the container runs. */
enum module_use { MODULES_BOOT, MODULES_NETWORK, MODULES_VSOCK, MODULES_BALLOON, MODULE_USES };

/*
 * Their paths below FOLDER (/lib/modules/VERSION), dependencies first; what is built
 * into the kernel is not among them. 0 or a negative errno with a message: also for a
 * kernel that has no virtio at all.
 */
int modules_find(
	struct arena *arena, const char *folder, enum module_use use, struct string_list *paths);

#endif
