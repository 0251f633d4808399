/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_MICROVM_KVM_STATS_H
#define HULL_MICROVM_KVM_STATS_H

/*
 * What the kernel counts for a vCPU (KVM_GET_STATS_FD in Documentation/virt/kvm/api.rst): above
 * all why the guest was left, also where the monitor never heard of it. Which counters there are
 * depends on the processor and the kernel.
 */
#include "microvm/kvm.h"

#define KVM_STATS_MOST	     24
#define KVM_STATS_NAME_BYTES 32

struct kvm_stats {
	int fd; /* negative: this kernel does not tell */
	unsigned int count;
	struct {
		char name[KVM_STATS_NAME_BYTES];
		uint64_t offset;
	} items[KVM_STATS_MOST];
};

/* Find out which there are; a kernel without them has none. */
void kvm_stats_open(struct kvm_stats *stats, int vcpu_fd);

/* As they are now, in the order of the items. */
void kvm_stats_read(const struct kvm_stats *stats, uint64_t *values);

#endif
