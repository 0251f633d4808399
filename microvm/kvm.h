/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_MICROVM_KVM_H
#define HULL_MICROVM_KVM_H

/*
 * The kernel's virtual machine (Documentation/virt/kvm/api.rst): all ioctls but
 * those of a vCPU. Functions return 0 or a negative errno; a message only where
 * it says so.
 */
#include <linux/kvm.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct kvm {
	int fd, vm_fd;
	size_t run_bytes; /* of a vCPU's struct kvm_run */
};

#define KVM_NONE                                                                                   \
	(struct kvm)                                                                               \
	{                                                                                          \
		.fd = -EBADF, .vm_fd = -EBADF                                                      \
	}

/*
 * Open /dev/kvm and make a machine with the kernel's interrupt controllers. With a
 * message: what is missing and how to get it.
 */
int kvm_open(struct kvm *kvm);
void kvm_close(struct kvm *kvm);

/* The same question alone, before anything else is done: is there a KVM that this user may use? */
int kvm_probe(void);

/* True when the kernel has the extension (KVM_CAP_...). */
bool kvm_has(const struct kvm *kvm, int capability);

/* BYTES of guest memory from ADDRESS on, backed by HOST. */
int kvm_map(const struct kvm *kvm, unsigned int slot, uint64_t address, void *host, size_t bytes);

/* Writing to the eventfd raises the interrupt that GSI is routed to. */
int kvm_irqfd(const struct kvm *kvm, int fd, unsigned int gsi);

/* A write of the guest to ADDRESS, of any width, writes to the eventfd (or no longer). */
int kvm_ioeventfd(const struct kvm *kvm, int fd, uint64_t address, bool assign);

/* Replace the table of message-signalled interrupts. */
int kvm_set_routes(const struct kvm *kvm, struct kvm_irq_routing *routing);

#endif
