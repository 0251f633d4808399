/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_MICROVM_INTERRUPT_H
#define HULL_MICROVM_INTERRUPT_H

/*
 * Message-signalled interrupts: a line is an eventfd that the kernel turns into
 * the message which the guest has programmed for it.
 */
#include <stdint.h>

#include "microvm/kvm.h"

#define INTERRUPT_LINES 256

struct interrupts {
	const struct kvm *kvm;
	unsigned int count;
	struct {
		int fd;
		uint64_t address; /* of the message; 0: not programmed */
		uint32_t data;
	} lines[INTERRUPT_LINES];
};

/* A new line; its number, or a negative errno. */
int interrupt_make(struct interrupts *interrupts);

/* What the guest has programmed; the kernel knows it from now on. */
void interrupt_program(
	struct interrupts *interrupts, unsigned int line, uint64_t address, uint32_t data);
void interrupt_raise(const struct interrupts *interrupts, unsigned int line);
void interrupts_close(struct interrupts *interrupts);

#endif
