/* SPDX-License-Identifier: Apache-2.0 */

/* Virtual machines around containers; the drivers that hull does without, for who looks for them. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <linux/vfio.h>
#include <linux/vhost.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "runtime/doctor/machine.h"

#define VFIO_PATH "/dev/vfio/vfio"

/* A machine is made, and is gone with its descriptor. */
static void probe_kvm(struct finding *finding)
{
	_cleanup_close_ int fd = machine_open_device("kvm", "/dev/kvm", O_RDWR);
	_cleanup_close_ int machine_fd = -EBADF;
	int version;

	if (fd == -ENODEV) {
		finding_set(finding, DOCTOR_MISSING, "this kernel drives no KVM");
		finding_advise(finding,
			"modprobe kvm_intel or kvm_amd, with virtualization turned on "
			"in the firmware (or nested, in a virtual machine)");
		return;
	}
	if (fd < 0) {
		finding_set(finding, DOCTOR_MISSING, "/dev/kvm: %s", error_words(fd));
		finding_advise(finding, geteuid() == 0 ? "mknod /dev/kvm c 10 232"
						       : "usermod -aG kvm USER, and log in anew");
		return;
	}
	version = ioctl(fd, KVM_GET_API_VERSION, 0);
	machine_fd = ioctl(fd, KVM_CREATE_VM, 0ul);
	if (version == KVM_API_VERSION && machine_fd >= 0) {
		finding_set(finding, DOCTOR_OK, "version %d, a machine was made", version);
		return;
	}
	finding_set(finding, DOCTOR_MISSING, "version %d, no machine can be made: %s", version,
		error_words(errno));
	finding_advise(finding, "see the kernel's log (dmesg | grep kvm)");
}

static void probe_nested(struct finding *finding)
{
	static const char *const files[] = { "/sys/module/kvm_intel/parameters/nested",
		"/sys/module/kvm_amd/parameters/nested" };

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		_cleanup_buffer_ struct buffer line = { 0 };

		if (machine_line(files[i], &line) && line.data && strchr("Y1", *line.data)) {
			finding_set(finding, DOCTOR_OK, "on");
			return;
		}
	}
	finding_set(finding, DOCTOR_MISSING, "off: no virtual machines inside of those");
	finding_advise(
		finding, "kvm_intel.nested=1 or kvm_amd.nested=1 on the kernel's command line");
}

static void look_for_vhost(struct finding *finding, const char *name, const char *module)
{
	_cleanup_free_ char *path = string_format("/dev/%s", name);
	_cleanup_close_ int fd = machine_open_device(name, path, O_RDWR);
	uint64_t features = 0;

	if (fd >= 0 && ioctl(fd, VHOST_GET_FEATURES, &features) == 0) {
		finding_set(finding, DOCTOR_OK, "features %#llx", (unsigned long long)features);
		return;
	}
	finding_set(finding, DOCTOR_MISSING, "%s: %s", path,
		fd == -ENODEV ? "no driver" : error_words(fd < 0 ? fd : errno));
	if (fd == -ENODEV)
		machine_advise_module(finding, module);
	else
		finding_advise(finding, "usermod -aG kvm USER, or run as root");
}

static void probe_vhost_net(struct finding *finding)
{
	look_for_vhost(finding, "vhost-net", "vhost_net");
}

static void probe_vhost_vsock(struct finding *finding)
{
	look_for_vhost(finding, "vhost-vsock", "vhost_vsock");
}

static void probe_tun(struct finding *finding)
{
	_cleanup_close_ int fd = machine_open_device("tun", "/dev/net/tun", O_RDWR);

	if (fd >= 0) {
		finding_set(finding, DOCTOR_OK, "/dev/net/tun");
		return;
	}
	finding_set(finding, DOCTOR_MISSING, "/dev/net/tun: %s",
		fd == -ENODEV ? "no driver" : error_words(fd));
	machine_advise_module(finding, "tun");
}

static unsigned int entries_in(const char *path)
{
	unsigned int count = 0;
	DIR *folder = opendir(path);

	if (!folder)
		return 0;
	for (const struct dirent *entry; (entry = readdir(folder));)
		count += entry->d_name[0] != '.';
	closedir(folder);
	return count;
}

static void probe_iommu(struct finding *finding)
{
	unsigned int groups = entries_in("/sys/kernel/iommu_groups");

	if (groups) {
		finding_set(finding, DOCTOR_OK, "%u groups", groups);
		return;
	}
	finding_set(finding, DOCTOR_MISSING, "no IOMMU groups");
	finding_advise(finding, "turn VT-d or AMD-Vi on in the firmware; intel_iommu=on");
}

static void probe_vfio(struct finding *finding)
{
	_cleanup_close_ int fd = machine_open_device("vfio", VFIO_PATH, O_RDWR);

	if (fd >= 0 && ioctl(fd, VFIO_GET_API_VERSION) == VFIO_API_VERSION) {
		finding_set(finding, DOCTOR_OK, "version %d%s", VFIO_API_VERSION,
			access("/dev/iommu", F_OK) == 0 ? ", iommufd" : "");
		return;
	}
	finding_set(finding, DOCTOR_MISSING, VFIO_PATH ": %s",
		fd == -ENODEV ? "no driver" : error_words(fd < 0 ? fd : errno));
	machine_advise_module(finding, "vfio-pci");
}

const struct capability doctor_microvm = {
	.name = "microvm",
	.title = "put virtual machines around containers",
	.probes =
		(const struct probe[]){
			{ "kvm", DOCTOR_NEEDED, probe_kvm },
			{ "nested", DOCTOR_FACT, probe_nested },
			{ "vhost-net", DOCTOR_FACT, probe_vhost_net },
			{ "vhost-vsock", DOCTOR_FACT, probe_vhost_vsock },
			{ "tun", DOCTOR_USEFUL, probe_tun },
			{ "iommu", DOCTOR_FACT, probe_iommu },
			{ "vfio", DOCTOR_FACT, probe_vfio },
			{ 0 },
		},
};
