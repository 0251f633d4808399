/* SPDX-License-Identifier: Apache-2.0 */
#include "image/extract.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/path.h"
#include "base/process.h"

#define COPY_BYTES (1u << 16)

struct extraction {
	struct tree *tree;
	const int *tars;
	int root_fd;
	bool rootless;
};

/* The way of an inode's first name from the root, for its other names. */
static char *way_of(struct arena *arena, const char *folder, const struct tree_entry *entry)
{
	return arena_format(
		arena, "%s%s%.*s", folder, *folder ? "/" : "", (int)entry->length, entry->name);
}

static int copy_range(int from, uint64_t offset, uint64_t length, int to, uint64_t at)
{
	char bytes[COPY_BYTES];

	while (length) {
		off_t in = (off_t)offset, out = (off_t)at;
		ssize_t n = copy_file_range(from, &in, to, &out, length, 0);

		if (n < 0 && (errno == EXDEV || errno == EINVAL || errno == ENOSYS ||
				     errno == EOPNOTSUPP)) {
			n = pread(from, bytes, length < sizeof(bytes) ? length : sizeof(bytes),
				(off_t)offset);
			if (n > 0)
				n = pwrite(to, bytes, (size_t)n, (off_t)at);
		}
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		offset += (uint64_t)n;
		at += (uint64_t)n;
		length -= (uint64_t)n;
	}
	return 0;
}

static int copy_content(const struct extraction *extraction, const struct tree_inode *inode, int fd)
{
	int tar = extraction->tars[inode->layer], r = 0;
	uint64_t offset = inode->offset;

	if (!inode->sparse)
		return copy_range(tar, offset, inode->size, fd, 0);
	if (ftruncate(fd, (off_t)inode->size) < 0)
		return -errno;
	for (size_t i = 0; r >= 0 && i < inode->segment_count; i++) {
		const struct tar_segment *segment = &inode->segments[i];

		r = copy_range(tar, offset, segment->length, fd, segment->offset);
		offset += (segment->length + TAR_BLOCK - 1) & ~(uint64_t)(TAR_BLOCK - 1);
	}
	return r;
}

/* Owner first: chown(2) takes capabilities and set-user-id bits away. */
static int set_attributes(
	const struct extraction *extraction, const struct tree_inode *inode, int fd)
{
	struct timespec times[2] = {
		{ .tv_sec = inode->mtime, .tv_nsec = inode->mtime_nanoseconds },
		{ .tv_sec = inode->mtime, .tv_nsec = inode->mtime_nanoseconds },
	};
	mode_t mode = inode->mode;

	if (fchown(fd, inode->uid, inode->gid) < 0 && !extraction->rootless)
		return -errno;
	/* A user must be able to remove what is in them. */
	if (extraction->rootless && inode->type == TAR_FOLDER)
		mode |= 0700;
	if (fchmod(fd, mode) < 0)
		return -errno;
	for (size_t i = 0; i < inode->xattr_count; i++) {
		const struct tar_xattr *xattr = &inode->xattrs[i];

		if (fsetxattr(fd, xattr->name, xattr->value, xattr->length, 0) < 0 &&
			errno != EOPNOTSUPP && !extraction->rootless)
			return -errno;
	}
	return futimens(fd, times) < 0 ? -errno : 0;
}

static int make_file(const struct extraction *extraction, const struct tree_inode *inode,
	int folder_fd, const char *name)
{
	_cleanup_close_ int fd =
		openat(folder_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	int r = fd < 0 ? -errno : copy_content(extraction, inode, fd);

	return r < 0 ? r : set_attributes(extraction, inode, fd);
}

/* Links and devices have no descriptor to write to. */
static int make_special(const struct extraction *extraction, const struct tree_inode *inode,
	int folder_fd, const char *name)
{
	static const mode_t types[] = {
		[TAR_CHARACTER] = S_IFCHR,
		[TAR_BLOCK_DEVICE] = S_IFBLK,
		[TAR_FIFO] = S_IFIFO,
	};
	struct timespec times[2] = {
		{ .tv_sec = inode->mtime, .tv_nsec = inode->mtime_nanoseconds },
		{ .tv_sec = inode->mtime, .tv_nsec = inode->mtime_nanoseconds },
	};
	int r = inode->type == TAR_SYMLINK ? symlinkat(inode->target, folder_fd, name)
					   : mknodat(folder_fd, name, types[inode->type] | 0600,
						     makedev(inode->major, inode->minor));

	if (r < 0)
		return extraction->rootless && errno == EPERM ? 0 : -errno;
	if (fchownat(folder_fd, name, inode->uid, inode->gid, AT_SYMLINK_NOFOLLOW) < 0 &&
		!extraction->rootless)
		return -errno;
	if (inode->type != TAR_SYMLINK && fchmodat(folder_fd, name, inode->mode, 0) < 0)
		return -errno;
	return utimensat(folder_fd, name, times, AT_SYMLINK_NOFOLLOW) < 0 ? -errno : 0;
}

static int make_link(
	const struct extraction *extraction, const char *way, int folder_fd, const char *name)
{
	const char *last;
	_cleanup_close_ int from = path_open_parent_in_root(extraction->root_fd, way, false, &last);

	if (from < 0)
		return from;
	return linkat(from, last, folder_fd, name, 0) < 0 ? -errno : 0;
}

static int make_folder(struct extraction *extraction, struct tree_inode *inode, int folder_fd,
	const char *name, const char *way);

static int make_entry(struct extraction *extraction, const struct tree_entry *entry, int folder_fd,
	const char *way)
{
	struct tree_inode *inode = entry->inode;
	struct arena *arena = extraction->tree->arena;
	const char *name = arena_copy(arena, entry->name, entry->length);
	char *path = way_of(arena, way, entry);

	if (inode->type == TAR_FOLDER)
		return make_folder(extraction, inode, folder_fd, name, path);
	if (inode->use)
		return make_link(extraction, inode->use, folder_fd, name);
	inode->use = path;
	if (inode->type == TAR_FILE)
		return make_file(extraction, inode, folder_fd, name);
	return make_special(extraction, inode, folder_fd, name);
}

static int fill_folder(
	struct extraction *extraction, struct tree_inode *inode, int fd, const char *way)
{
	struct tree_entry **entries = tree_sorted(extraction->tree, inode);

	for (size_t i = 0; i < inode->count; i++) {
		int r = make_entry(extraction, entries[i], fd, way);

		if (r == -ENOENT && entries[i]->inode->use) /* a link to what was left out */
			continue;
		if (r < 0)
			return error_errno(r, "cannot unpack \"%s\"",
				way_of(extraction->tree->arena, way, entries[i]));
	}
	return set_attributes(extraction, inode, fd);
}

static int make_folder(struct extraction *extraction, struct tree_inode *inode, int folder_fd,
	const char *name, const char *way)
{
	_cleanup_close_ int fd = -EBADF;

	if (mkdirat(folder_fd, name, 0700) < 0)
		return -errno;
	fd = openat(folder_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? -errno : fill_folder(extraction, inode, fd, way);
}

int extract_tree(struct tree *tree, const int *tars, int folder_fd)
{
	struct extraction extraction = {
		.tree = tree,
		.tars = tars,
		.root_fd = folder_fd,
		.rootless = process_is_rootless(),
	};
	int r = fill_folder(&extraction, tree->root, folder_fd, "");

	return r;
}
