/* SPDX-License-Identifier: Apache-2.0 */
#include "image/rootfs_apply.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/path.h"
#include "image/archive_read.h"
#include "image/tar.h"

#define COPY_BYTES (1u << 16)

struct applying {
	int fd; /* the tar */
	uint64_t begin;
	int root_fd; /* -1: only check */
};

/* ---- names --------------------------------------------------------------------------------- */

/* "./a//b/" as "a/b" in NAME; false when it is no name in the tree. */
static bool plain_name(const char *path, char name[PATH_MAX])
{
	size_t length = 0;

	if (*path == '/' || path_has_dot_dot(path) || strlen(path) >= PATH_MAX)
		return false;
	while (*path) {
		size_t part = strcspn(path, "/");

		if (part && !(part == 1 && *path == '.')) {
			if (length)
				name[length++] = '/';
			memcpy(name + length, path, part);
			length += part;
		}
		path += part;
		path += *path == '/';
	}
	name[length] = '\0';
	return true;
}

/* The folder that NAME is in, without following a link; *LAST is the component. */
static int open_folder(int root_fd, const char *name, const char **last)
{
	const char *slash = strrchr(name, '/');
	_cleanup_free_ char *folder = NULL;

	*last = slash ? slash + 1 : name;
	if (!slash)
		return path_open_in_root_no_links(root_fd, ".", O_PATH | O_DIRECTORY);
	folder = string_copy(name);
	folder[slash - name] = '\0';
	return path_open_in_root_no_links(root_fd, folder, O_PATH | O_DIRECTORY);
}

/* What is there goes, whatever it is; missing is fine. */
static int clear_name(int folder_fd, const char *name)
{
	struct stat st;

	if (fstatat(folder_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : -errno;
	if (S_ISDIR(st.st_mode))
		return file_remove_tree_at(folder_fd, name);
	return unlinkat(folder_fd, name, 0) < 0 ? -errno : 0;
}

/* ---- entries ------------------------------------------------------------------------------- */

static int copy_bytes(int from, uint64_t at, int to, uint64_t offset, uint64_t length)
{
	char bytes[COPY_BYTES];

	while (length) {
		ssize_t n = pread(
			from, bytes, length < sizeof(bytes) ? length : sizeof(bytes), (off_t)at);

		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		for (ssize_t done = 0; done < n;) {
			ssize_t w = pwrite(to, bytes + done, (size_t)(n - done),
				(off_t)(offset + (uint64_t)done));

			if (w < 0)
				return -errno;
			done += w;
		}
		at += (uint64_t)n;
		offset += (uint64_t)n;
		length -= (uint64_t)n;
	}
	return 0;
}

static int copy_contents(const struct applying *applying, const struct tar_entry *entry, int to)
{
	uint64_t at = applying->begin + entry->offset;
	int r = 0;

	if (!entry->sparse)
		return copy_bytes(applying->fd, at, to, 0, entry->size);
	if (ftruncate(to, (off_t)entry->size) < 0)
		return -errno;
	for (size_t i = 0; r >= 0 && i < entry->segment_count; i++) {
		const struct tar_segment *segment = &entry->segments[i];

		r = copy_bytes(applying->fd, at, to, segment->offset, segment->length);
		at += (segment->length + TAR_BLOCK - 1) & ~(uint64_t)(TAR_BLOCK - 1);
	}
	return r;
}

/* Owner first: chown(2) takes capabilities and set-user-id bits away. */
static int set_attributes(const struct tar_entry *entry, int fd)
{
	const struct timespec times[2] = {
		{ .tv_sec = entry->mtime, .tv_nsec = entry->mtime_nanoseconds },
		{ .tv_sec = entry->mtime, .tv_nsec = entry->mtime_nanoseconds },
	};

	if (fchown(fd, entry->uid, entry->gid) < 0 || fchmod(fd, entry->mode) < 0)
		return -errno;
	for (size_t i = 0; i < entry->xattr_count; i++) {
		const struct tar_xattr *xattr = &entry->xattrs[i];
		_cleanup_free_ char *name =
			string_format("%.*s", (int)xattr->name_length, xattr->name);

		if (fsetxattr(fd, name, xattr->value, xattr->length, 0) < 0 && errno != EOPNOTSUPP)
			return -errno;
	}
	return futimens(fd, times) < 0 ? -errno : 0;
}

static int make_file(const struct applying *applying, const struct tar_entry *entry, int folder_fd,
	const char *name)
{
	_cleanup_close_ int fd =
		openat(folder_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	int r = fd < 0 ? -errno : copy_contents(applying, entry, fd);

	return r < 0 ? r : set_attributes(entry, fd);
}

static int make_folder(const struct tar_entry *entry, int folder_fd, const char *name)
{
	_cleanup_close_ int fd = -EBADF;
	struct stat st;
	int r = 0;

	if (fstatat(folder_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && !S_ISDIR(st.st_mode))
		r = clear_name(folder_fd, name);
	if (r >= 0 && mkdirat(folder_fd, name, 0700) < 0 && errno != EEXIST)
		r = -errno;
	if (r < 0)
		return r;
	fd = openat(folder_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? -errno : set_attributes(entry, fd);
}

static int make_special(const struct tar_entry *entry, int folder_fd, const char *name)
{
	int r = entry->type == TAR_SYMLINK ? symlinkat(entry->target, folder_fd, name)
					   : mknodat(folder_fd, name, S_IFIFO | 0600, 0);

	if (r < 0 || fchownat(folder_fd, name, entry->uid, entry->gid, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	return entry->type == TAR_FIFO && fchmodat(folder_fd, name, entry->mode, 0) < 0 ? -errno
											: 0;
}

static int make_link(const struct applying *applying, const struct tar_entry *entry, int folder_fd,
	const char *name)
{
	char target[PATH_MAX];
	_cleanup_close_ int from = -EBADF;
	const char *last;

	if (!plain_name(entry->target, target) || !*target)
		return -EBADMSG;
	from = open_folder(applying->root_fd, target, &last);
	return from < 0 || linkat(from, last, folder_fd, name, 0) < 0 ? (from < 0 ? from : -errno)
								      : 0;
}

static int make_entry(
	const struct applying *applying, const struct tar_entry *entry, const char *path)
{
	_cleanup_close_ int folder_fd = -EBADF;
	const char *name;
	int r;

	folder_fd = open_folder(applying->root_fd, path, &name);
	if (folder_fd < 0)
		return folder_fd;
	if (entry->type == TAR_FOLDER)
		return make_folder(entry, folder_fd, name);
	r = clear_name(folder_fd, name);
	if (r < 0)
		return r;
	if (entry->type == TAR_FILE)
		return make_file(applying, entry, folder_fd, name);
	if (entry->type == TAR_LINK)
		return make_link(applying, entry, folder_fd, name);
	return make_special(entry, folder_fd, name);
}

static int take_entry(void *context, const struct tar_entry *entry)
{
	const struct applying *applying = context;
	char path[PATH_MAX], target[PATH_MAX];
	int r;

	if (!plain_name(entry->path, path))
		return error_set(EBADMSG, "rootfs-diff.tar: \"%s\": no name in a root file system",
			entry->path);
	if (entry->type == TAR_LINK && (!plain_name(entry->target, target) || !*target))
		return error_set(
			EBADMSG, "rootfs-diff.tar: \"%s\": a link to \"%s\"", path, entry->target);
	if (applying->root_fd < 0 || !*path)
		return 0;
	if (entry->type == TAR_CHARACTER || entry->type == TAR_BLOCK_DEVICE) {
		log_info("rootfs-diff.tar: %s: a device: left out", path);
		return 0;
	}
	r = make_entry(applying, entry, path);
	return r < 0 ? error_errno(r, "rootfs-diff.tar: \"%s\" cannot be written", path) : 0;
}

int rootfs_check(int fd, uint64_t begin, uint64_t size)
{
	struct applying applying = { fd, begin, -1 };

	return archive_each(fd, begin, size, take_entry, &applying);
}

int rootfs_apply(int fd, uint64_t begin, uint64_t size, int root_fd)
{
	struct applying applying = { fd, begin, root_fd };

	return archive_each(fd, begin, size, take_entry, &applying);
}

int rootfs_remove(int root_fd, const char *path)
{
	_cleanup_close_ int folder_fd = -EBADF;
	char plain[PATH_MAX];
	const char *name;
	int r;

	if (*path != '/' || !plain_name(path + 1, plain) || !*plain)
		return error_set(
			EBADMSG, "deleted.files: \"%s\": no name in a root file system", path);
	if (root_fd < 0)
		return 0;
	folder_fd = open_folder(root_fd, plain, &name);
	if (folder_fd == -ENOENT || folder_fd == -ENOTDIR)
		return 0;
	r = folder_fd < 0 ? folder_fd : clear_name(folder_fd, name);
	return r < 0 ? error_errno(r, "deleted.files: \"%s\"", path) : 0;
}
