/* SPDX-License-Identifier: Apache-2.0 */
#include "ns/mount_target.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/path.h"

/*
 * procfs and sysfs are what the kernel's own files are reached through: an image
 * must not choose where they go (CVE-2019-19921, CVE-2023-27561).
 */
bool mount_target_must_be_real(const char *type)
{
	return type && (!strcmp(type, "proc") || !strcmp(type, "sysfs"));
}

/*
 * What stands in for /proc must be procfs, and of its files only those may be
 * covered that tools like lxcfs fake, as with runc. hull itself never reads the
 * container's /proc.
 */
static int mount_check_proc(const struct config_mount *mount, int source_fd)
{
	static const char *const files[] = { "cpuinfo", "diskstats", "loadavg", "meminfo",
		"slabinfo", "stat", "swaps", "uptime", "net/dev", "sys/kernel/ns_last_pid",
		"sys/crypto/fips_enabled" };
	const char *path = mount->destination + strspn(mount->destination, "/");
	struct statfs filesystem;

	if (strncmp(path, "proc", 4) != 0 || (path[4] && path[4] != '/'))
		return 0;
	path += 4 + strspn(path + 4, "/");
	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		if (!strcmp(path, files[i]))
			return 0;
	if (!*path && mount->type && !strcmp(mount->type, "proc"))
		return 0;
	if (!*path && source_fd >= 0 && fstatfs(source_fd, &filesystem) == 0 &&
		filesystem.f_type == PROC_SUPER_MAGIC)
		return 0;
	return error_set(EINVAL, "only procfs may be mounted on /proc, and nothing in it");
}

/* "dest-nofollow": the last component is the target itself, whatever it is. */
static int mount_target_make(int root_fd, const char *path, enum path_kind kind)
{
	_cleanup_close_ int folder_fd = -EBADF, file_fd = -EBADF;
	const char *name;
	int fd;

	folder_fd = path_open_parent_in_root(root_fd, path, true, &name);
	if (folder_fd < 0)
		return folder_fd;
	fd = openat(folder_fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd >= 0 || errno != ENOENT)
		return fd < 0 ? -errno : fd;
	if (kind == PATH_FOLDER && mkdirat(folder_fd, name, 0755) < 0)
		return -errno;
	if (kind == PATH_FILE) {
		file_fd = openat(folder_fd, name,
			O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0755);
		if (file_fd < 0)
			return -errno;
	}
	fd = openat(folder_fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int mount_target_open(int root_fd, const struct config_mount *mount,
	const struct mount_options *options, int source_fd)
{
	enum path_kind kind = PATH_FOLDER;
	struct stat st;
	int fd = mount_check_proc(mount, source_fd);

	if (fd < 0)
		return fd;
	if (source_fd >= 0 && fstat(source_fd, &st) == 0 && !S_ISDIR(st.st_mode))
		kind = PATH_FILE;
	fd = options->target_no_follow ? mount_target_make(root_fd, mount->destination, kind)
				       : path_make_in_root(root_fd, mount->destination, kind, 0755);
	if (fd < 0)
		return error_errno(fd, "cannot make %s in the rootfs", mount->destination);
	if (mount_target_must_be_real(mount->type)) {
		int real = path_open_in_root_no_links(
			root_fd, mount->destination, O_PATH | O_DIRECTORY);

		(void)close(fd);
		if (real < 0)
			return error_errno(real,
				"must be mounted on ordinary directory, %s in the rootfs is none",
				mount->destination);
		fd = real;
	}
	return fd;
}
