/* SPDX-License-Identifier: Apache-2.0 */
/* In a guest: what KVM says that it offers (Documentation/virt/kvm/x86/cpuid.rst), a name a line. */
#include <cpuid.h>
#include <stdio.h>

static const struct {
	unsigned int bit;
	const char *name;
} features[] = {
	{ 5, "steal-time" },
	{ 7, "pv-unhalt" },
	{ 9, "pv-tlb-flush" },
	{ 13, "pv-sched-yield" },
};

int main(void)
{
	unsigned int eax = 0, ebx, ecx, edx;

	__cpuid(0x40000001, eax, ebx, ecx, edx);
	for (unsigned int i = 0; i < sizeof(features) / sizeof(features[0]); i++)
		if (eax >> features[i].bit & 1)
			puts(features[i].name);
	return 0;
}
