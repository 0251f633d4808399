/* SPDX-License-Identifier: Apache-2.0 */
#include "microvm/cpuid.h"

#include <errno.h>
#include <sys/ioctl.h>

#include "base/error.h"
#include "base/memory.h"

#define CPUID_ENTRIES 256

/* Leaf 1. */
#define FEATURE_HYPERVISOR   (1u << 31)
#define FEATURE_TSC_DEADLINE (1u << 24)
#define FEATURE_HYPERTHREADS (1u << 28)
/* Leaf 0xb: what a level of the topology is made of. */
#define LEVEL_THREADS 1u
#define LEVEL_CORES   2u

static unsigned int bits_for(unsigned int count)
{
	unsigned int bits = 0;

	while (1u << bits < count)
		bits++;
	return bits;
}

/* One socket of COUNT cores with a thread each. */
static void cpuid_set_topology(
	struct kvm_cpuid_entry2 *entry, unsigned int number, unsigned int count)
{
	switch (entry->function) {
	case 1:
		entry->ebx = (entry->ebx & 0xffff) | count << 16 | number << 24;
		if (count > 1)
			entry->edx |= FEATURE_HYPERTHREADS;
		break;
	case 4:
		/* Of Intel: no cache is shared by threads, as many cores as there are. */
		entry->eax = (entry->eax & 0x3fff) | ((1u << bits_for(count)) - 1) << 26;
		break;
	case 0xb:
	case 0x1f:
		entry->edx = number;
		entry->eax = entry->index == 1 ? bits_for(count) : 0;
		entry->ebx = entry->index == 0 ? 1 : entry->index == 1 ? count : 0;
		entry->ecx = entry->index | (entry->index == 0		? LEVEL_THREADS << 8
						    : entry->index == 1 ? LEVEL_CORES << 8
									: 0);
		break;
	case 0x80000008:
		entry->ecx = bits_for(count) << 12 | (count - 1);
		break;
	case 0x8000001e:
		entry->eax = entry->ebx = number;
		entry->ecx = 0;
		break;
	default:
		break;
	}
}

int cpuid_set(const struct kvm *kvm, int vcpu_fd, unsigned int number, unsigned int count)
{
	_cleanup_free_ struct kvm_cpuid2 *cpuid =
		memory_allocate_zero(sizeof(*cpuid) + CPUID_ENTRIES * sizeof(cpuid->entries[0]));
	bool deadline = kvm_has(kvm, KVM_CAP_TSC_DEADLINE_TIMER);

	cpuid->nent = CPUID_ENTRIES;
	if (ioctl(kvm->fd, KVM_GET_SUPPORTED_CPUID, cpuid) < 0)
		return error_errno(errno, "/dev/kvm: KVM_GET_SUPPORTED_CPUID");
	for (unsigned int i = 0; i < cpuid->nent; i++) {
		struct kvm_cpuid_entry2 *entry = &cpuid->entries[i];

		cpuid_set_topology(entry, number, count);
		if (entry->function == 1)
			entry->ecx |= FEATURE_HYPERVISOR | (deadline ? FEATURE_TSC_DEADLINE : 0);
	}
	if (ioctl(vcpu_fd, KVM_SET_CPUID2, cpuid) < 0)
		return error_errno(errno, "/dev/kvm: KVM_SET_CPUID2");
	return 0;
}
