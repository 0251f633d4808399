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

#define MICROVM_VCPUS	     64u /* at most */
#define MICROVM_LEAST_MEMORY 64u /* MiB */

/* vm.hwConfig; else as many as the CPU quota pays for or the CPU set has; else 1. */
unsigned int microvm_vcpus(const struct config *config);

/* MiB. vm.hwConfig; else the limit and what a kernel needs; else 512. */
unsigned int microvm_memory(const struct config *config);

/* Of the monitor's group; what is not the container's own is in ARENA. */
const struct config_resources *microvm_resources(struct arena *arena, const struct config *config);

/* As many with this change of its limits; 0: it is not about them. */
unsigned int microvm_vcpus_after(const struct config *config, const struct config_cpu *change);

/* An update, taken apart. */
#define MICROVM_UPDATE_WORDS 8
struct microvm_update {
	struct config_resources outside;	 /* of the group out here */
	unsigned int memory;			 /* MiB that the guest shall have; 0: as it is */
	const char *words[MICROVM_UPDATE_WORDS]; /* for the `update` of the guest's hull */
	size_t word_count;
};

/*
 * Take apart what is asked of a machine that was started with MACHINE_MEMORY MiB. -ENOTSUP with
 * the field's name for what a running machine cannot be given.
 */
int microvm_update_split(struct arena *arena, const struct config_resources *resources,
	unsigned int machine_memory, struct microvm_update *update);

#endif
