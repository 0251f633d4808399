/* SPDX-License-Identifier: Apache-2.0 */
#include "microvm/vcpu.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "base/error.h"
#include "base/file.h"
#include "microvm/cpuid.h"
#include "microvm/machine.h"
#include "microvm/sandbox.h"

#define MSR_MISC_ENABLE	      0x1a0
#define MSR_MTRR_DEFAULT_TYPE 0x2ff
/* REP MOVS in microcode; all memory is cached unless page tables say otherwise. */
#define FAST_STRINGS	  1ull
#define MTRR_ON_WRITEBACK (1ull << 11 | 6)

static int vcpu_set_msrs(const struct vcpu *vcpu)
{
	struct {
		struct kvm_msrs head;
		struct kvm_msr_entry entries[2];
	} msrs = {
		.head = { .nmsrs = 2 },
		.entries = {
			{ .index = MSR_MISC_ENABLE, .data = FAST_STRINGS },
			{ .index = MSR_MTRR_DEFAULT_TYPE, .data = MTRR_ON_WRITEBACK },
		},
	};

	/* The kernel does without those that it does not know. */
	return ioctl(vcpu->fd, KVM_SET_MSRS, &msrs) < 0
		       ? error_errno(errno, "/dev/kvm: KVM_SET_MSRS")
		       : 0;
}

int vcpu_make(struct vcpu *vcpu, struct machine *machine, unsigned int number, unsigned int count)
{
	const struct kvm *kvm = &machine->kvm;
	int r;

	*vcpu = (struct vcpu){
		.machine = machine, .number = number, .fd = -EBADF, .stats.fd = -EBADF
	};
	vcpu->fd = ioctl(kvm->vm_fd, KVM_CREATE_VCPU, (unsigned long)number);
	if (vcpu->fd < 0)
		return error_errno(errno, "cannot make vCPU %u", number);
	vcpu->run = mmap(NULL, kvm->run_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu->fd, 0);
	if (vcpu->run == MAP_FAILED) {
		vcpu->run = NULL;
		return error_errno(errno, "cannot map vCPU %u", number);
	}
	kvm_stats_open(&vcpu->stats, vcpu->fd);
	r = cpuid_set(kvm, vcpu->fd, number, count);
	return r < 0 ? r : vcpu_set_msrs(vcpu);
}

void vcpu_close(struct vcpu *vcpu)
{
	if (vcpu->run)
		(void)munmap(vcpu->run, vcpu->machine->kvm.run_bytes);
	vcpu->run = NULL;
	file_close(&vcpu->stats.fd);
	file_close(&vcpu->fd);
}

/* A flat segment of 4 GiB, as both entries want them. */
static struct kvm_segment flat_segment(uint16_t selector, uint8_t type)
{
	return (struct kvm_segment){
		.limit = 0xffffffff,
		.selector = selector,
		.type = type,
		.present = 1,
		.db = 1,
		.s = 1,
		.g = 1,
	};
}

int vcpu_enter(struct vcpu *vcpu, uint64_t entry, uint64_t ebx, uint64_t esi)
{
	struct kvm_regs registers = { .rip = entry, .rbx = ebx, .rsi = esi, .rflags = 2 };
	struct kvm_sregs special;

	if (ioctl(vcpu->fd, KVM_GET_SREGS, &special) < 0)
		return error_errno(errno, "/dev/kvm: KVM_GET_SREGS");
	special.cs = flat_segment(0x10, 11);
	special.ds = special.es = special.fs = special.gs = special.ss = flat_segment(0x18, 3);
	special.tr = (struct kvm_segment){ .limit = 0x67, .type = 11, .present = 1 };
	special.cr0 = 0x11; /* protected mode, 387 */
	special.cr4 = 0;
	special.efer = 0;
	if (ioctl(vcpu->fd, KVM_SET_SREGS, &special) < 0 ||
		ioctl(vcpu->fd, KVM_SET_REGS, &registers) < 0)
		return error_errno(errno, "/dev/kvm: cannot set the registers");
	return 0;
}

static void vcpu_serve_port(struct vcpu *vcpu)
{
	struct kvm_run *run = vcpu->run;
	char *data = (char *)run + run->io.data_offset;
	size_t room = vcpu->machine->kvm.run_bytes - run->io.data_offset;

	for (uint32_t i = 0; i < run->io.count && (i + 1ul) * run->io.size <= room; i++) {
		char *item = data + (size_t)i * run->io.size;

		if (run->io.direction == KVM_EXIT_IO_IN)
			machine_port_read(vcpu->machine, run->io.port, item, run->io.size);
		else
			machine_port_write(vcpu->machine, run->io.port, item, run->io.size);
	}
}

/* A guest that is in an order nobody can go on from; its registers say little to a user. */
static void vcpu_broke(struct vcpu *vcpu, const char *what, uint64_t detail)
{
	char text[128];

	(void)snprintf(text, sizeof(text), "vCPU %u: %s (0x%llx)", vcpu->number, what,
		(unsigned long long)detail);
	machine_end(vcpu->machine, MACHINE_BROKEN, text);
}

/* Only this thread adds; another one reads. */
static void vcpu_count_exit(struct vcpu *vcpu, enum vcpu_exit reason)
{
	__atomic_store_n(&vcpu->exits[reason], vcpu->exits[reason] + 1, __ATOMIC_RELAXED);
}

/* One exit; false when it was the last. */
static bool vcpu_serve(struct vcpu *vcpu)
{
	struct kvm_run *run = vcpu->run;

	switch (run->exit_reason) {
	case KVM_EXIT_IO:
		vcpu_count_exit(vcpu, EXIT_PORT);
		vcpu_serve_port(vcpu);
		return true;
	case KVM_EXIT_MMIO:
		vcpu_count_exit(vcpu, EXIT_MEMORY);
		if (run->mmio.is_write)
			machine_memory_write(
				vcpu->machine, run->mmio.phys_addr, run->mmio.data, run->mmio.len);
		else
			machine_memory_read(
				vcpu->machine, run->mmio.phys_addr, run->mmio.data, run->mmio.len);
		return true;
	case KVM_EXIT_SHUTDOWN:
	case KVM_EXIT_SYSTEM_EVENT:
		/* A triple fault is how a kernel with reboot=t restarts. */
		machine_end(vcpu->machine, MACHINE_ENDED, NULL);
		return false;
	case KVM_EXIT_FAIL_ENTRY:
		vcpu_broke(vcpu, "the processor refuses to run the guest",
			run->fail_entry.hardware_entry_failure_reason);
		return false;
	case KVM_EXIT_INTERNAL_ERROR:
		vcpu_broke(vcpu, "KVM cannot go on with the guest", run->internal.suberror);
		return false;
	case KVM_EXIT_INTR:
		vcpu_count_exit(vcpu, EXIT_OTHER);
		return true;
	default:
		vcpu_broke(vcpu, "KVM wants what this monitor does not know", run->exit_reason);
		return false;
	}
}

void vcpu_run(struct vcpu *vcpu)
{
	for (;;) {
		if (ioctl(vcpu->fd, KVM_RUN, 0) < 0) {
			/* Another vCPU may be waited for before the first start of this one. */
			if (errno == EINTR || errno == EAGAIN)
				continue;
			vcpu_broke(vcpu, "KVM_RUN failed", (uint64_t)errno);
			return;
		}
		if (!vcpu_serve(vcpu))
			return;
	}
}

static void *vcpu_thread(void *context)
{
	struct vcpu *vcpu = context;
	char name[16];

	(void)snprintf(name, sizeof(name), "vcpu %u", vcpu->number);
	(void)pthread_setname_np(pthread_self(), name);
	if (sandbox_filter(SANDBOX_VCPU) >= 0)
		vcpu_run(vcpu);
	else
		vcpu_broke(vcpu, "no seccomp filter", 0);
	return NULL;
}

int vcpu_start(struct vcpu *vcpu)
{
	int r = pthread_create(&vcpu->thread, NULL, vcpu_thread, vcpu);

	return r ? error_errno(r, "cannot start vCPU %u", vcpu->number) : 0;
}
