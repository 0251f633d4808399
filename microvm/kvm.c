/* SPDX-License-Identifier: Apache-2.0 */
#include "microvm/kvm.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>

#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"

/* Three pages below the firmware's place, which Intel's real mode needs and no guest may use. */
#define TSS_ADDRESS	     0xfffbd000ul
#define IDENTITY_MAP_ADDRESS 0xfffbc000ul

static const struct {
	int capability;
	const char *name;
} needed[] = {
	{ KVM_CAP_USER_MEMORY, "memory slots" },
	{ KVM_CAP_IRQCHIP, "interrupt controllers" },
	{ KVM_CAP_IRQFD, "irqfd" },
	{ KVM_CAP_IOEVENTFD, "ioeventfd" },
	{ KVM_CAP_IRQ_ROUTING, "interrupt routing" },
	{ KVM_CAP_SIGNAL_MSI, "message-signalled interrupts" },
	{ KVM_CAP_IMMEDIATE_EXIT, "immediate exits" },
};

static int kvm_open_device(void)
{
	int fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);

	if (fd >= 0)
		return fd;
	if (errno == ENOENT || errno == ENODEV || errno == ENXIO)
		return error_set(errno,
			"a microVM needs KVM, and there is no /dev/kvm: load kvm_intel or kvm_amd "
			"(virtualization may be switched off in the firmware, or not be passed on "
			"by the hypervisor that this machine runs in)");
	if (errno == EACCES || errno == EPERM)
		return error_set(errno,
			"a microVM needs KVM, and this user may not open /dev/kvm: add the user to "
			"the group kvm");
	return error_errno(errno, "/dev/kvm");
}

int kvm_probe(void)
{
	_cleanup_close_ int fd = kvm_open_device();

	return fd < 0 ? fd : 0;
}

bool kvm_has(const struct kvm *kvm, int capability)
{
	return ioctl(kvm->fd, KVM_CHECK_EXTENSION, capability) > 0;
}

static int kvm_check(const struct kvm *kvm)
{
	int version = ioctl(kvm->fd, KVM_GET_API_VERSION, 0);

	if (version != KVM_API_VERSION)
		return error_set(ENOSYS, "/dev/kvm speaks version %d of its interface, not %d",
			version, KVM_API_VERSION);
	for (size_t i = 0; i < ARRAY_SIZE(needed); i++)
		if (!kvm_has(kvm, needed[i].capability))
			return error_set(ENOSYS, "this kernel's KVM has no %s", needed[i].name);
	return 0;
}

int kvm_open(struct kvm *kvm)
{
	uint64_t identity_map = IDENTITY_MAP_ADDRESS;
	int r;

	*kvm = KVM_NONE;
	kvm->fd = kvm_open_device();
	if (kvm->fd < 0)
		return kvm->fd;
	r = kvm_check(kvm);
	if (r < 0)
		return r;
	r = ioctl(kvm->fd, KVM_GET_VCPU_MMAP_SIZE, 0);
	if (r < (int)sizeof(struct kvm_run))
		return error_errno(r < 0 ? errno : EIO, "/dev/kvm: KVM_GET_VCPU_MMAP_SIZE");
	kvm->run_bytes = (size_t)r;
	do
		kvm->vm_fd = ioctl(kvm->fd, KVM_CREATE_VM, 0);
	while (kvm->vm_fd < 0 && errno == EINTR);
	if (kvm->vm_fd < 0)
		return error_errno(errno, "/dev/kvm: cannot make a virtual machine");
	if (ioctl(kvm->vm_fd, KVM_SET_TSS_ADDR, TSS_ADDRESS) < 0 ||
		ioctl(kvm->vm_fd, KVM_SET_IDENTITY_MAP_ADDR, &identity_map) < 0 ||
		ioctl(kvm->vm_fd, KVM_CREATE_IRQCHIP, 0) < 0)
		return error_errno(errno, "/dev/kvm: cannot make the interrupt controllers");
	return 0;
}

void kvm_close(struct kvm *kvm)
{
	file_close(&kvm->vm_fd);
	file_close(&kvm->fd);
}

int kvm_map(const struct kvm *kvm, unsigned int slot, uint64_t address, void *host, size_t bytes)
{
	struct kvm_userspace_memory_region region = {
		.slot = slot,
		.guest_phys_addr = address,
		.memory_size = bytes,
		.userspace_addr = (uintptr_t)host,
	};

	return ioctl(kvm->vm_fd, KVM_SET_USER_MEMORY_REGION, &region) < 0 ? -errno : 0;
}

int kvm_irqfd(const struct kvm *kvm, int fd, unsigned int gsi)
{
	struct kvm_irqfd irqfd = { .fd = (uint32_t)fd, .gsi = gsi };

	return ioctl(kvm->vm_fd, KVM_IRQFD, &irqfd) < 0 ? -errno : 0;
}

int kvm_ioeventfd(const struct kvm *kvm, int fd, uint64_t address, bool assign)
{
	/* Without a length it matches writes of any width, on the kernel's fastest path. */
	struct kvm_ioeventfd event = {
		.addr = address,
		.fd = fd,
		.flags = assign ? 0 : KVM_IOEVENTFD_FLAG_DEASSIGN,
	};

	return ioctl(kvm->vm_fd, KVM_IOEVENTFD, &event) < 0 ? -errno : 0;
}

int kvm_set_routes(const struct kvm *kvm, struct kvm_irq_routing *routing)
{
	return ioctl(kvm->vm_fd, KVM_SET_GSI_ROUTING, routing) < 0 ? -errno : 0;
}
