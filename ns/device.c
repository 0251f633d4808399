/* SPDX-License-Identifier: Apache-2.0 */
#include "ns/device.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/path.h"
#include "base/syscall.h"
#include "ns/mount.h"

struct device {
	const char *path;
	mode_t type; /* S_IFCHR, S_IFBLK, S_IFIFO */
	dev_t number;
	mode_t mode;
	uid_t uid;
	gid_t gid;
	bool is_default; /* every container gets it, whatever the image has there */
};

static const struct {
	const char *path;
	unsigned int major, minor;
} default_devices[] = {
	{ "/dev/null", 1, 3 },
	{ "/dev/zero", 1, 5 },
	{ "/dev/full", 1, 7 },
	{ "/dev/random", 1, 8 },
	{ "/dev/urandom", 1, 9 },
	{ "/dev/tty", 5, 0 },
};

static const struct {
	const char *name, *target;
} links[] = {
	{ "fd", "/proc/self/fd" },
	{ "stdin", "/proc/self/fd/0" },
	{ "stdout", "/proc/self/fd/1" },
	{ "stderr", "/proc/self/fd/2" },
	{ "core", "/proc/kcore" },
	{ "ptmx", "pts/ptmx" },
};

int device_open_null(void)
{
	_cleanup_close_ int fd = open("/dev/null", O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (fd < 0)
		return error_errno(errno, "/dev/null of the host");
	if (fstat(fd, &st) < 0 || !S_ISCHR(st.st_mode) || st.st_rdev != makedev(1, 3))
		return error_set(EINVAL, "/dev/null of the host is not the null device");
	return TAKE_FD(fd);
}

static bool device_is(int folder, const char *name, const struct device *device)
{
	struct stat st;

	return fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	       (st.st_mode & S_IFMT) == device->type &&
	       (device->type == S_IFIFO || st.st_rdev == device->number);
}

/*
 * Where /dev is a folder of the image, anything may lie there: of the default
 * devices, what is not this very one is removed (the name in this folder, never where
 * a link leads). For a configured one it is an error (config-linux.md "Devices").
 */
static int device_make_node(int folder, const char *name, const struct device *device)
{
	if (mknodat(folder, name, device->type | device->mode, device->number) < 0) {
		if (errno != EEXIST)
			return -errno;
		if (device_is(folder, name, device))
			return 0;
		if (!device->is_default)
			return error_set(EEXIST, "the rootfs has another file there");
		if (unlinkat(folder, name, 0) < 0 ||
			mknodat(folder, name, device->type | device->mode, device->number) < 0)
			return -errno;
	}
	if ((device->uid || device->gid) &&
		fchownat(folder, name, device->uid, device->gid, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	return 0;
}

static int device_bind_node(int folder, const char *name, const struct device *device)
{
	_cleanup_close_ int tree = -EBADF, target = -EBADF;
	struct stat st;

	tree = sys_open_tree(
		AT_FDCWD, device->path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_SYMLINK_NOFOLLOW);
	if (tree < 0)
		return error_errno(errno, "%s of the host", device->path);
	if (fstat(tree, &st) < 0 || (st.st_mode & S_IFMT) != device->type ||
		st.st_rdev != device->number)
		return error_set(EINVAL, "%s of the host is another device", device->path);
	if (mknodat(folder, name, S_IFREG | 0644, 0) < 0 && errno != EEXIST)
		return -errno;
	target = openat(folder, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (target < 0)
		return -errno;
	return mount_attach(tree, target);
}

static int device_make(const struct container_plan *plan, const struct device *device)
{
	_cleanup_close_ int folder = -EBADF;
	const char *name;
	int r;

	folder = path_open_parent_in_root(plan->root_tree_fd, device->path, true, &name);
	if (folder < 0)
		return error_errno(folder, "device %s", device->path);
	error_clear();
	if (plan->unprivileged && device->type != S_IFIFO)
		r = device_bind_node(folder, name, device);
	else
		r = device_make_node(folder, name, device);
	if (r < 0)
		return error_context(r, "device %s", device->path);
	return 0;
}

static const char *device_path(const char *path)
{
	size_t length = strlen(path);

	while (length > 1 && path[length - 1] == '/')
		length--;
	/* A copy lives until execve. */
	return path[length] ? string_format("%.*s", (int)length, path) : path;
}

static int device_from_config(const struct config_device *wanted, struct device *device)
{
	const mode_t types[] = {
		['c'] = S_IFCHR, ['u'] = S_IFCHR, ['b'] = S_IFBLK, ['p'] = S_IFIFO
	};
	unsigned char type = (unsigned char)wanted->type[0];

	*device = (struct device){
		.path = device_path(wanted->path),
		.type = type < ARRAY_SIZE(types) ? types[type] : 0,
		.number = makedev(
			(unsigned int)wanted->major.value, (unsigned int)wanted->minor.value),
		.mode = wanted->file_mode.set ? (mode_t)wanted->file_mode.value & 07777 : 0666,
		.uid = (uid_t)wanted->uid.value,
		.gid = (gid_t)wanted->gid.value,
	};
	if (!device->type)
		return error_set(EINVAL, "device %s: unknown type %s", wanted->path, wanted->type);
	return 0;
}

static int device_make_links(int folder)
{
	for (size_t i = 0; i < ARRAY_SIZE(links); i++) {
		struct stat st;

		/* An ordinary link of the image may stay; ptmx must be ours. */
		if (symlinkat(links[i].target, folder, links[i].name) == 0)
			continue;
		if (errno != EEXIST)
			return error_errno(errno, "link /dev/%s", links[i].name);
		if (fstatat(folder, links[i].name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
			S_ISLNK(st.st_mode) && strcmp(links[i].name, "ptmx") != 0)
			continue;
		if (unlinkat(folder, links[i].name, 0) < 0 ||
			symlinkat(links[i].target, folder, links[i].name) < 0)
			return error_errno(errno, "link /dev/%s", links[i].name);
	}
	return 0;
}

static bool device_folder_is_foreign(const struct config *config)
{
	for (size_t i = 0; i < config->mounts.count; i++) {
		const struct config_mount *mount = &config->mounts.items[i];
		size_t length = strlen(mount->destination);

		while (length > 1 && mount->destination[length - 1] == '/')
			length--;
		if (length == 4 && !strncmp(mount->destination, "/dev", 4) &&
			(!mount->type || !strcmp(mount->type, "bind") ||
				!strcmp(mount->type, "none")))
			return true;
	}
	return false;
}

int device_all(const struct container_plan *plan)
{
	const struct config_linux *section = plan->config->linux;
	_cleanup_close_ int folder = -EBADF;
	struct device device;
	mode_t mask;
	int r = 0;

	if (device_folder_is_foreign(plan->config))
		return 0;
	/* mknod(2) shall give the mode as it is: chmod(2) by name could be led elsewhere. */
	mask = umask(0);
	for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(default_devices); i++) {
		device = (struct device){ default_devices[i].path, S_IFCHR,
			makedev(default_devices[i].major, default_devices[i].minor), 0666, 0, 0,
			true };
		r = device_make(plan, &device);
	}
	for (size_t i = 0; r >= 0 && i < section->devices.count; i++) {
		r = device_from_config(&section->devices.items[i], &device);
		if (r >= 0)
			r = device_make(plan, &device);
	}
	(void)umask(mask);
	if (r < 0)
		return r;
	folder = path_open_in_root(plan->root_tree_fd, "/dev", O_PATH | O_DIRECTORY);
	if (folder < 0)
		return error_errno(folder, "/dev of the rootfs");
	return device_make_links(folder);
}
