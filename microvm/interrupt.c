/* SPDX-License-Identifier: Apache-2.0 */
#include "microvm/interrupt.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"

/* Below are the pins of the I/O APIC. */
#define INTERRUPT_FIRST_GSI 24

int interrupt_make(struct interrupts *interrupts)
{
	unsigned int line = interrupts->count;
	int fd, r;

	if (line == INTERRUPT_LINES)
		return -ENOSPC;
	fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (fd < 0)
		return -errno;
	/* Tests have devices without a machine: their lines lead nowhere. */
	r = interrupts->kvm->vm_fd < 0 ? 0
				       : kvm_irqfd(interrupts->kvm, fd, INTERRUPT_FIRST_GSI + line);
	if (r < 0) {
		(void)close(fd);
		return r;
	}
	interrupts->lines[line].fd = fd;
	interrupts->lines[line].address = 0;
	interrupts->count++;
	return (int)line;
}

void interrupt_program(
	struct interrupts *interrupts, unsigned int line, uint64_t address, uint32_t data)
{
	_cleanup_free_ struct kvm_irq_routing *routing = NULL;

	if (interrupts->lines[line].address == address && interrupts->lines[line].data == data)
		return;
	interrupts->lines[line].address = address;
	interrupts->lines[line].data = data;
	routing = memory_allocate_zero(
		sizeof(*routing) + interrupts->count * sizeof(routing->entries[0]));
	for (unsigned int i = 0; i < interrupts->count; i++) {
		struct kvm_irq_routing_entry *entry = &routing->entries[routing->nr];

		if (!interrupts->lines[i].address)
			continue;
		entry->gsi = INTERRUPT_FIRST_GSI + i;
		entry->type = KVM_IRQ_ROUTING_MSI;
		entry->u.msi.address_lo = (uint32_t)interrupts->lines[i].address;
		entry->u.msi.address_hi = (uint32_t)(interrupts->lines[i].address >> 32);
		entry->u.msi.data = interrupts->lines[i].data;
		routing->nr++;
	}
	/* A message that makes no sense is refused, and the guest gets no interrupt: its loss. */
	(void)kvm_set_routes(interrupts->kvm, routing);
}

void interrupt_raise(const struct interrupts *interrupts, unsigned int line)
{
	/* The counter cannot be full: the kernel empties it at once. */
	(void)eventfd_write(interrupts->lines[line].fd, 1);
}

void interrupts_close(struct interrupts *interrupts)
{
	while (interrupts->count)
		file_close(&interrupts->lines[--interrupts->count].fd);
}
