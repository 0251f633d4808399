/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_MICROVM_VCPU_H
#define HULL_MICROVM_VCPU_H

/* The virtual processors: one thread each, which leaves the guest only for what is here. */
#include <pthread.h>

#include "microvm/kvm_stats.h"

#define VCPUS_MOST 64

/* Why a guest leaves for the monitor. */
enum vcpu_exit { EXIT_PORT, EXIT_MEMORY, EXIT_OTHER, EXIT_REASONS };

struct vcpu {
	struct machine *machine;
	unsigned int number;
	int fd;
	struct kvm_run *run;
	pthread_t thread;
	uint64_t exits[EXIT_REASONS];
	struct kvm_stats stats;
};

/* Make one: CPUID as the host can give it, real-mode state. 0 or a negative errno with a message. */
int vcpu_make(struct vcpu *vcpu, struct machine *machine, unsigned int number, unsigned int count);

/* It begins in 32-bit protected mode, as a kernel's PVH and 32-bit entries want it. */
int vcpu_enter(struct vcpu *vcpu, uint64_t entry, uint64_t ebx, uint64_t esi);

/* The thread "vcpu N"; it runs until the machine ends. */
int vcpu_start(struct vcpu *vcpu);

/* Run in the calling thread until the guest ends or breaks. */
void vcpu_run(struct vcpu *vcpu);
void vcpu_close(struct vcpu *vcpu);

#endif
