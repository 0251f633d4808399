/* SPDX-License-Identifier: Apache-2.0 */
#include "image/folder_tar.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "base/memory.h"
#include "image/tar_write.h"

#define CHUNK_BYTES ((size_t)256 << 10)
#define XATTRS_MOST 64
#define NAMES_BYTES ((size_t)64 << 10)

/* A file with more names than one, and the name under which it was written. */
struct linked {
	dev_t device;
	ino_t inode;
	const char *path;
};

struct walk {
	const struct folder_tar *wanted;
	struct arena arena;
	dev_t device;
	struct linked *linked;
	size_t linked_count, linked_room;
	char *chunk;
};

/* ---- one entry ---- */

/* The path of an earlier name of the same file, or NULL; then it is remembered. */
static const char *earlier_name(struct walk *walk, const struct stat *st, const char *path)
{
	for (size_t i = 0; i < walk->linked_count; i++)
		if (walk->linked[i].inode == st->st_ino && walk->linked[i].device == st->st_dev)
			return walk->linked[i].path;
	if (walk->linked_count == walk->linked_room) {
		walk->linked_room = walk->linked_room ? 2 * walk->linked_room : 64;
		walk->linked =
			memory_resize(walk->linked, walk->linked_room * sizeof(*walk->linked));
	}
	walk->linked[walk->linked_count++] = (struct linked){ st->st_dev, st->st_ino, path };
	return NULL;
}

static bool is_of_overlay(const char *xattr)
{
	return !strncmp(xattr, "trusted.overlay.", 16) || !strncmp(xattr, "user.overlay.", 13);
}

/* FILE is a path through /proc, so that links need no descriptor that reads. */
static int collect_xattrs(struct walk *walk, const char *file, struct tar_entry *entry)
{
	struct tar_xattr *xattrs = arena_allocate(&walk->arena, XATTRS_MOST * sizeof(*xattrs));
	_cleanup_free_ char *names = memory_allocate(NAMES_BYTES);
	ssize_t length = llistxattr(file, names, NAMES_BYTES);

	entry->xattrs = xattrs;
	for (char *name = names; name < names + length && entry->xattr_count < XATTRS_MOST;
		name += strlen(name) + 1) {
		ssize_t size = lgetxattr(file, name, walk->chunk, CHUNK_BYTES);

		/* Labels of this machine's security modules are no part of the files. */
		if (size < 0 || !strcmp(name, "security.selinux") || !strncmp(name, "system.", 7))
			continue;
		if (walk->wanted->removed && is_of_overlay(name))
			continue;
		xattrs[entry->xattr_count++] = (struct tar_xattr){
			.name = arena_copy(&walk->arena, name, strlen(name)),
			.value = arena_copy(&walk->arena, walk->chunk, (size_t)size),
			.name_length = strlen(name),
			.length = (size_t)size,
		};
	}
	return 0;
}

static int put_contents(struct walk *walk, const char *file, const char *path, uint64_t size)
{
	_cleanup_close_ int fd = open(file, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	static const char zeros[TAR_BLOCK];
	uint64_t at = 0;

	if (fd < 0)
		return error_errno(errno, "%s", path);
	while (at < size) {
		uint64_t left = size - at;
		ssize_t n = read(fd, walk->chunk, left < CHUNK_BYTES ? (size_t)left : CHUNK_BYTES);
		int r;

		if (n <= 0)
			return n < 0 ? error_errno(errno, "%s", path)
				     : error_set(EIO, "%s: became shorter meanwhile", path);
		at += (uint64_t)n;
		r = walk->wanted->put(walk->wanted->context, walk->chunk, (size_t)n);
		if (r < 0)
			return r;
	}
	return tar_padding(size)
		       ? walk->wanted->put(walk->wanted->context, zeros, tar_padding(size))
		       : 0;
}

/* False for what no tar has: sockets. */
static bool type_of(mode_t mode, enum tar_type *type)
{
	switch (mode & S_IFMT) {
	case S_IFREG:
		*type = TAR_FILE;
		return true;
	case S_IFDIR:
		*type = TAR_FOLDER;
		return true;
	case S_IFLNK:
		*type = TAR_SYMLINK;
		return true;
	case S_IFCHR:
		*type = TAR_CHARACTER;
		return true;
	case S_IFBLK:
		*type = TAR_BLOCK_DEVICE;
		return true;
	case S_IFIFO:
		*type = TAR_FIFO;
		return true;
	default:
		return false;
	}
}

static int put_entry(struct walk *walk, const char *file, const char *path, const struct stat *st)
{
	_cleanup_buffer_ struct buffer header = { 0 };
	char target[PATH_MAX] = "";
	struct tar_entry entry = {
		.path = path,
		.target = target,
		.mode = st->st_mode & 07777,
		.uid = st->st_uid,
		.gid = st->st_gid,
		.major = major(st->st_rdev),
		.minor = minor(st->st_rdev),
		.mtime = st->st_mtim.tv_sec,
		.mtime_nanoseconds = (uint32_t)st->st_mtim.tv_nsec,
	};
	const char *earlier = NULL;
	int r;

	if (!type_of(st->st_mode, &entry.type))
		return 0;
	if (entry.type == TAR_FILE)
		entry.size = (uint64_t)st->st_size;
	if (entry.type == TAR_SYMLINK && readlink(file, target, sizeof(target) - 1) < 0)
		return error_errno(errno, "%s", path);
	if (entry.type != TAR_FOLDER && st->st_nlink > 1)
		earlier = earlier_name(walk, st, path);
	if (earlier) {
		entry.type = TAR_LINK;
		entry.target = earlier;
		entry.size = 0;
	} else {
		(void)collect_xattrs(walk, file, &entry);
	}
	tar_write_header(&header, &entry);
	r = walk->wanted->put(walk->wanted->context, header.data, header.length);
	return r < 0 || entry.type != TAR_FILE ? r : put_contents(walk, file, path, entry.size);
}

/* ---- folders ---- */

static int put_folder(struct walk *walk, int folder_fd, const char *prefix);

static bool has_overlay_mark(const char *file, const char *name)
{
	_cleanup_free_ char *trusted = string_format("trusted.overlay.%s", name);
	_cleanup_free_ char *user = string_format("user.overlay.%s", name);

	return lgetxattr(file, trusted, NULL, 0) >= 0 || lgetxattr(file, user, NULL, 0) >= 0;
}

/* 1 when PATH is only a mark of the overlay that something is gone. */
static int put_overlay_mark(
	const struct walk *walk, const char *file, const char *path, const struct stat *st)
{
	const struct folder_tar *wanted = walk->wanted;

	if (!wanted->removed)
		return 0;
	if (S_ISCHR(st->st_mode) && st->st_rdev == 0) {
		int r = wanted->removed(wanted->context, path, false);

		return r < 0 ? r : 1;
	}
	if (has_overlay_mark(file, "redirect") || has_overlay_mark(file, "metacopy"))
		return error_set(EOPNOTSUPP,
			"%s: an overlay with redirect_dir or metacopy cannot be saved", path);
	return S_ISDIR(st->st_mode) && has_overlay_mark(file, "opaque")
		       ? wanted->removed(wanted->context, path, true)
		       : 0;
}

static int put_name(struct walk *walk, int folder_fd, const char *prefix, const char *name)
{
	_cleanup_free_ char *file = string_format("/proc/self/fd/%d/%s", folder_fd, name);
	struct stat st;
	const char *path;
	int r;

	if (fstatat(folder_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return error_errno(errno, "%s%s", prefix, name);
	path = arena_format(&walk->arena, "%s%s%s", prefix, name, S_ISDIR(st.st_mode) ? "/" : "");
	r = put_overlay_mark(walk, file, path, &st);
	if (r != 0)
		return r < 0 ? r : 0;
	r = put_entry(walk, file, path, &st);
	if (r >= 0 && S_ISDIR(st.st_mode)) {
		_cleanup_close_ int fd =
			openat(folder_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

		if (st.st_dev != walk->device) {
			log_info("%s: another file system: left out", path);
			return 0;
		}
		r = fd < 0 ? error_errno(errno, "%s", path) : put_folder(walk, fd, path);
	}
	return r;
}

static int is_name(const struct dirent *entry)
{
	return strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
}

static int by_bytes(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int put_folder(struct walk *walk, int folder_fd, const char *prefix)
{
	struct dirent **entries;
	int count = scandirat(folder_fd, ".", &entries, is_name, by_bytes), r = 0;

	if (count < 0)
		return error_errno(errno, "%s", prefix);
	for (int i = 0; i < count; i++) {
		if (r >= 0)
			r = put_name(walk, folder_fd, prefix, entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
	return r;
}

int folder_tar_write(const struct folder_tar *wanted)
{
	struct walk walk = { .wanted = wanted };
	_cleanup_close_ int fd = open(wanted->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const char *prefix = wanted->plain ? "" : "./";
	static const char end[2 * TAR_BLOCK];
	struct stat st;
	int r = 0;

	if (fd < 0 || fstat(fd, &st) < 0)
		return error_errno(errno, "%s", wanted->path);
	walk.device = st.st_dev;
	walk.chunk = memory_allocate(CHUNK_BYTES);
	if (!wanted->plain)
		r = put_entry(&walk, wanted->path, prefix, &st);
	if (r >= 0)
		r = put_folder(&walk, fd, prefix);
	if (r >= 0 && !wanted->open)
		r = wanted->put(wanted->context, end, sizeof(end));
	memory_free_pointer(&walk.chunk);
	memory_free_pointer(&walk.linked);
	arena_free(&walk.arena);
	return r;
}

int folder_tar(const char *path, int (*put)(void *context, const void *bytes, size_t length),
	void *context)
{
	return folder_tar_write(
		&(struct folder_tar){ .path = path, .put = put, .context = context });
}
