/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_RUNTIME_MICROVM_SIZE_H
#define HULL_RUNTIME_MICROVM_SIZE_H

/*
 * How large a microVM is, and what its group on this machine may use: both from the
 * limits of the container, of which memory and the number of processes hold in the guest,
 * processors, disks and network classes out here.
 */
#include "base/memory.h"
#include "spec/config.h"

/* vm.hwConfig; else as many as the CPU quota pays for or the CPU set has; else 1. */
unsigned int microvm_vcpus(const struct config *config);

/* MiB. vm.hwConfig; else the limit and what a kernel needs; else 512. */
unsigned int microvm_memory(const struct config *config);

/* Of the monitor's group; what is not the container's own is in ARENA. */
const struct config_resources *microvm_resources(struct arena *arena, const struct config *config);

/*
 * What an update of a machine of MACHINE_MEMORY MiB changes out here: *OUTSIDE, and in the
 * guest: words for its hull's `update` at WORDS (up to MICROVM_UPDATE_WORDS; none: *COUNT
 * is 0). -ENOTSUP with the field's name for what a running machine cannot be given.
 */
#define MICROVM_UPDATE_WORDS 8
int microvm_update_split(struct arena *arena, const struct config_resources *update,
	unsigned int machine_memory, struct config_resources *outside, const char **words,
	size_t *count);

#endif
