/* SPDX-License-Identifier: Apache-2.0 */
#include "microvm/guest/setup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"

#define MODULE_COMPRESSED 4 /* MODULE_INIT_COMPRESSED_FILE */
/* 0x1040 and the number of the device (virtio 1.2, 4.1.2 and 5). */
#define VSOCK_DEVICE "0x1053\n"
#define PORT_TRIES   500

static const struct {
	const char *type, *target, *options;
	unsigned long flags;
} mounts[] = {
	{ "proc", "/proc", NULL, MS_NOSUID | MS_NODEV | MS_NOEXEC },
	{ "sysfs", "/sys", NULL, MS_NOSUID | MS_NODEV | MS_NOEXEC },
	{ "devtmpfs", "/dev", "mode=755", MS_NOSUID },
	{ "tmpfs", "/run", "mode=755", MS_NOSUID | MS_NODEV },
	{ "tmpfs", "/tmp", "mode=1777", MS_NOSUID | MS_NODEV },
	{ "cgroup2", "/sys/fs/cgroup", "nsdelegate", MS_NOSUID | MS_NODEV | MS_NOEXEC },
};

/*
 * pivot_root(2) refuses the kernel's initial file system, so containers need another
 * root: an empty one, into which the programs are bound.
 */
static int leave_initial_root(void)
{
	static const char *const kept[] = { "bin", "modules", "network", "balloon", "vsock" };

	if (mkdir("/new", 0755) < 0 || mount("root", "/new", "tmpfs", MS_NODEV, "mode=755") < 0)
		return error_errno(errno, "a root file system for the guest");
	for (size_t i = 0; i < ARRAY_SIZE(kept); i++) {
		char from[32], to[32];

		(void)snprintf(from, sizeof(from), "/%s", kept[i]);
		(void)snprintf(to, sizeof(to), "/new/%s", kept[i]);
		(void)mkdir(to, 0755);
		if (mount(from, to, NULL, MS_BIND, NULL) < 0 && errno != ENOENT)
			return error_errno(errno, "%s", from);
	}
	if (chdir("/new") < 0 || mount("/new", "/", NULL, MS_MOVE, NULL) < 0 || chroot(".") < 0 ||
		chdir("/") < 0)
		return error_errno(errno, "cannot enter the guest's root file system");
	return 0;
}

static int mount_all(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(mounts); i++) {
		(void)mkdir(mounts[i].target, 0755);
		if (mount(mounts[i].type, mounts[i].target, mounts[i].type, mounts[i].flags,
			    mounts[i].options) < 0 &&
			errno != EBUSY)
			return error_errno(errno, "%s", mounts[i].target);
	}
	(void)mkdir("/run/bundle", 0700);
	(void)mkdir("/run/share", 0755);
	(void)mkdir("/dev/pts", 0755);
	(void)mkdir("/dev/shm", 01777);
	if (mount("devpts", "/dev/pts", "devpts", MS_NOSUID | MS_NOEXEC,
		    "mode=620,ptmxmode=666,gid=5") < 0)
		return error_errno(errno, "/dev/pts");
	return 0;
}

/* All controllers for groups below the root, one at a time: a missing one keeps no other back. */
static void enable_controllers(void)
{
	_cleanup_buffer_ struct buffer names = { 0 };
	char *rest;

	if (file_read_at(AT_FDCWD, "/sys/fs/cgroup/cgroup.controllers", &names, 4096) < 0 ||
		!names.length)
		return;
	for (char *name = strtok_r(names.data, " \n", &rest); name;
		name = strtok_r(NULL, " \n", &rest)) {
		char text[64];

		(void)snprintf(text, sizeof(text), "+%s", name);
		(void)file_write_at(AT_FDCWD, "/sys/fs/cgroup/cgroup.subtree_control", text);
	}
}

static void raise_loopback(void)
{
	struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	_cleanup_close_ int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd >= 0)
		(void)ioctl(fd, SIOCSIFFLAGS, &request);
}

static void load_module(const char *path)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t length = strlen(path);
	bool plain = length > 3 && !strcmp(path + length - 3, ".ko");

	/* One that is there already, or has no hardware, is no reason to give up. */
	if (fd >= 0 && syscall(SYS_finit_module, fd, "", plain ? 0 : MODULE_COMPRESSED) < 0 &&
		errno != EEXIST)
		(void)fprintf(stderr, "hull-guest: %s: %s\n", path, strerror(errno));
}

static int is_module(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

void setup_modules(const char *folder)
{
	struct dirent **entries;
	/* Their names begin with the numbers of the order in which they depend on each other. */
	int count = scandir(folder, &entries, is_module, alphasort);

	for (int i = 0; i < count; i++) {
		char path[300];

		(void)snprintf(path, sizeof(path), "%s/%s", folder, entries[i]->d_name);
		load_module(path);
	}
}

/* A PCI device of virtio's vendor. */
static bool has_device(const char *device)
{
	DIR *folder = opendir("/sys/bus/pci/devices");
	const struct dirent *entry;
	bool found = false;

	while (folder && !found && (entry = readdir(folder))) {
		_cleanup_buffer_ struct buffer text = { 0 };
		char file[300];

		(void)snprintf(file, sizeof(file), "/sys/bus/pci/devices/%s/device", entry->d_name);
		found = file_read_at(AT_FDCWD, file, &text, 64) >= 0 && text.length &&
			!strcmp(text.data, device);
	}
	if (folder)
		(void)closedir(folder);
	return found;
}

int setup_machine(void)
{
	int r = leave_initial_root();

	if (r >= 0)
		r = mount_all();
	if (r < 0)
		return r;
	setup_modules("/modules");
	if (has_device(VSOCK_DEVICE))
		setup_modules("/vsock");
	/* Where the monitor has shares. */
	if (mount("hull", "/run/share", "virtiofs", 0, NULL) < 0 && errno != EINVAL &&
		errno != ENODEV)
		return error_errno(errno, "the shared file system");
	enable_controllers();
	raise_loopback();
	(void)sethostname("hull", 4);
	/* hull makes mounts of containers private itself; shared is what it is used to. */
	(void)mount(NULL, "/", NULL, MS_REC | MS_SHARED, NULL);
	return 0;
}

/* The port whose name is "hull", once the driver has heard of it. */
static int find_port(char *path, size_t room)
{
	DIR *folder = opendir("/sys/class/virtio-ports");
	const struct dirent *entry;
	int r = -ENOENT;

	while (folder && r < 0 && (entry = readdir(folder))) {
		_cleanup_buffer_ struct buffer name = { 0 };
		char file[300];

		(void)snprintf(
			file, sizeof(file), "/sys/class/virtio-ports/%s/name", entry->d_name);
		if (file_read_at(AT_FDCWD, file, &name, 64) < 0 || !name.length ||
			strcmp(name.data, "hull\n") != 0)
			continue;
		(void)snprintf(path, room, "/dev/%s", entry->d_name);
		r = 0;
	}
	if (folder)
		(void)closedir(folder);
	return r;
}

int setup_open_port(void)
{
	char path[300];

	for (int i = 0; i < PORT_TRIES; i++) {
		int fd = find_port(path, sizeof(path)) < 0
				 ? -1
				 : open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);

		if (fd >= 0)
			return fd;
		(void)usleep(10000);
	}
	return error_set(ENOENT, "there is no console port to the monitor");
}
