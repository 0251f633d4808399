/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_BASE_SYSCALL_H
#define HULL_BASE_SYSCALL_H

/*
 * System calls that not every C library wraps: the mount API of Linux 5.2 to
 * 5.12 first of all. Thin, like the wrappers of libc: -1 and errno. hull needs
 * Linux 5.12 (mount_setattr) and says so when a call is missing.
 *
 * <sys/mount.h> and <linux/mount.h> contradict each other; include this instead.
 */
#include <linux/mount.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef AT_RECURSIVE
#define AT_RECURSIVE 0x8000
#endif
#ifndef MOUNT_ATTR_NOSYMFOLLOW
#define MOUNT_ATTR_NOSYMFOLLOW 0x00200000
#endif

/* umount2(2) */
#define UMOUNT_DETACH	0x2
#define UMOUNT_NOFOLLOW 0x8

static inline int sys_open_tree(int folder_fd, const char *path, unsigned int flags)
{
	return (int)syscall(SYS_open_tree, folder_fd, path, flags);
}

static inline int sys_move_mount(
	int from_fd, const char *from, int to_fd, const char *to, unsigned int flags)
{
	return (int)syscall(SYS_move_mount, from_fd, from, to_fd, to, flags);
}

static inline int sys_fsopen(const char *type)
{
	return (int)syscall(SYS_fsopen, type, FSOPEN_CLOEXEC);
}

static inline int sys_fsconfig(int fd, unsigned int command, const char *key, const char *value)
{
	return (int)syscall(SYS_fsconfig, fd, command, key, value, 0);
}

static inline int sys_fsmount(int fd, unsigned int attributes)
{
	return (int)syscall(SYS_fsmount, fd, FSMOUNT_CLOEXEC, attributes);
}

static inline int sys_mount_setattr(
	int fd, const char *path, unsigned int flags, const struct mount_attr *attributes)
{
	return (int)syscall(SYS_mount_setattr, fd, path, flags, attributes, sizeof(*attributes));
}

/* mount(2), for what fsconfig(2) cannot take: it limits a value to 255 bytes. */
static inline int sys_mount(const char *source, const char *target, const char *type,
	unsigned long flags, const char *options)
{
	return (int)syscall(SYS_mount, source, target, type, flags, options);
}

static inline int sys_pivot_root(const char *new_root, const char *put_old)
{
	return (int)syscall(SYS_pivot_root, new_root, put_old);
}

static inline int sys_umount(const char *path, int flags)
{
	return (int)syscall(SYS_umount2, path, flags);
}

#endif
