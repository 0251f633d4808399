/* SPDX-License-Identifier: Apache-2.0 */
/* Does an unpacked folder still have what its layers say? The reading half of extract.c. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "image/extract.h"

#define READ_BYTES (1u << 16)

struct comparison {
	struct tree *tree;
	const int *tars;
	bool rootless;
};

/* What differs, or NULL. The functions below return the same. */
static const char *compare_folder(
	const struct comparison *comparison, struct tree_inode *inode, int fd, struct buffer *way);

static bool read_whole(int fd, void *bytes, size_t length, uint64_t offset)
{
	while (length) {
		ssize_t n = pread(fd, bytes, length, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		bytes = (char *)bytes + n;
		length -= (size_t)n;
		offset += (uint64_t)n;
	}
	return true;
}

/* TAR < 0: zeros. */
static bool same_range(int tar, uint64_t offset, uint64_t length, int fd, uint64_t at)
{
	char found[READ_BYTES], wanted[READ_BYTES] = { 0 };

	while (length) {
		size_t part = length < READ_BYTES ? (size_t)length : READ_BYTES;

		if (tar < 0) {
			off_t data = lseek(fd, (off_t)at, SEEK_DATA);

			if (data < 0 || (uint64_t)data >= at + length) /* a hole to the end */
				return data >= 0 || errno == ENXIO;
			length -= (uint64_t)data - at;
			at = (uint64_t)data;
			part = length < READ_BYTES ? (size_t)length : READ_BYTES;
		} else if (!read_whole(tar, wanted, part, offset)) {
			return false;
		}
		if (!read_whole(fd, found, part, at) || memcmp(found, wanted, part) != 0)
			return false;
		offset += part;
		at += part;
		length -= part;
	}
	return true;
}

static bool same_content(
	const struct comparison *comparison, const struct tree_inode *inode, int fd)
{
	int tar = comparison->tars[inode->layer];
	uint64_t offset = inode->offset, end = 0;

	if (!inode->sparse)
		return same_range(tar, offset, inode->size, fd, 0);
	for (size_t i = 0; i < inode->segment_count; i++) {
		const struct tar_segment *segment = &inode->segments[i];

		if (!same_range(-1, 0, segment->offset - end, fd, end) ||
			!same_range(tar, offset, segment->length, fd, segment->offset))
			return false;
		end = segment->offset + segment->length;
		offset += (segment->length + TAR_BLOCK - 1) & ~(uint64_t)(TAR_BLOCK - 1);
	}
	return same_range(-1, 0, inode->size - end, fd, end);
}

static bool same_xattrs(const struct comparison *comparison, const struct tree_inode *inode, int fd)
{
	for (size_t i = 0; i < inode->xattr_count && !comparison->rootless; i++) {
		const struct tar_xattr *xattr = &inode->xattrs[i];
		char value[READ_BYTES];
		ssize_t n = fgetxattr(fd, xattr->name, value, sizeof(value));

		if (n < 0 && errno == EOPNOTSUPP) /* then it could not be written either */
			continue;
		if (n < 0 || (size_t)n != xattr->length ||
			memcmp(value, xattr->value, (size_t)n) != 0)
			return false;
	}
	return true;
}

static const char *compare_status(
	const struct comparison *comparison, const struct tree_inode *inode, const struct stat *st)
{
	static const mode_t types[] = {
		[TAR_FILE] = S_IFREG,
		[TAR_FOLDER] = S_IFDIR,
		[TAR_SYMLINK] = S_IFLNK,
		[TAR_CHARACTER] = S_IFCHR,
		[TAR_BLOCK_DEVICE] = S_IFBLK,
		[TAR_FIFO] = S_IFIFO,
	};
	mode_t mode = inode->mode & 07777;

	if (comparison->rootless && inode->type == TAR_FOLDER)
		mode |= 0700;
	if ((st->st_mode & S_IFMT) != types[inode->type])
		return "is of another type";
	if (inode->type == TAR_FILE && (uint64_t)st->st_size != inode->size)
		return "has another size";
	if (inode->type != TAR_SYMLINK && (st->st_mode & 07777) != mode)
		return "has another mode";
	if (!comparison->rootless && (st->st_uid != inode->uid || st->st_gid != inode->gid))
		return "has another owner";
	if ((inode->type == TAR_CHARACTER || inode->type == TAR_BLOCK_DEVICE) &&
		st->st_rdev != makedev(inode->major, inode->minor))
		return "is another device";
	return NULL;
}

static bool same_time(const struct tree_inode *inode, const struct stat *st)
{
	return st->st_mtim.tv_sec == inode->mtime &&
	       st->st_mtim.tv_nsec == (long)inode->mtime_nanoseconds;
}

static const char *compare_opened(const struct comparison *comparison, struct tree_inode *inode,
	int folder_fd, const char *name, struct buffer *way)
{
	bool folder = inode->type == TAR_FOLDER;
	_cleanup_close_ int fd = openat(folder_fd, name,
		O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | (folder ? O_DIRECTORY : 0));

	if (fd < 0)
		return "cannot be read";
	if (folder)
		return compare_folder(comparison, inode, fd, way);
	if (!same_xattrs(comparison, inode, fd))
		return "has other extended attributes";
	return same_content(comparison, inode, fd) ? NULL : "has other contents";
}

static bool same_target(const struct tree_inode *inode, int folder_fd, const char *name)
{
	char target[PATH_MAX];
	ssize_t n = readlinkat(folder_fd, name, target, sizeof(target));

	return n >= 0 && (size_t)n == strlen(inode->target) &&
	       !memcmp(target, inode->target, (size_t)n);
}

static const char *compare_entry(const struct comparison *comparison,
	const struct tree_entry *entry, int folder_fd, struct buffer *way, size_t *left_out)
{
	struct tree_inode *inode = entry->inode;
	const char *name = arena_copy(comparison->tree->arena, entry->name, entry->length), *what;
	struct stat st, *first = inode->use;

	if (fstatat(folder_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
		bool device = inode->type == TAR_CHARACTER || inode->type == TAR_BLOCK_DEVICE;

		*left_out += 1;
		return comparison->rootless && device ? NULL : "is missing";
	}
	if (first)
		return first->st_ino == st.st_ino && first->st_dev == st.st_dev
			       ? NULL
			       : "is no longer linked with its other names";
	first = inode->use = arena_allocate(comparison->tree->arena, sizeof(st));
	*first = st;
	what = compare_status(comparison, inode, &st);
	if (!what && inode->type == TAR_SYMLINK && !same_target(inode, folder_fd, name))
		what = "leads elsewhere";
	if (!what && (inode->type == TAR_FILE || inode->type == TAR_FOLDER))
		what = compare_opened(comparison, inode, folder_fd, name, way);
	/* Last: of a folder whose contents differ, it is them that one wants to know. */
	return what || same_time(inode, &st) ? what : "has another time";
}

/* The number of entries, or -errno. */
static long count_entries(int folder_fd)
{
	int fd = openat(folder_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *folder = fd < 0 ? NULL : fdopendir(fd);
	long count = 0;

	if (!folder)
		return fd < 0 ? -errno : (close(fd), -ENOMEM);
	while (readdir(folder))
		count++;
	(void)closedir(folder);
	return count - 2; /* "." and ".." */
}

static const char *compare_folder(
	const struct comparison *comparison, struct tree_inode *inode, int fd, struct buffer *way)
{
	struct tree_entry **entries = tree_sorted(comparison->tree, inode);
	size_t length = way->length, left_out = 0;

	if (!same_xattrs(comparison, inode, fd))
		return "has other extended attributes";
	for (size_t i = 0; i < inode->count; i++) {
		const char *what;

		buffer_format(way, "%s%.*s", length ? "/" : "", (int)entries[i]->length,
			entries[i]->name);
		what = compare_entry(comparison, entries[i], fd, way, &left_out);
		if (what)
			return what;
		way->length = length;
	}
	return count_entries(fd) == (long)(inode->count - left_out)
		       ? NULL
		       : "has entries that are in no layer";
}

const char *extract_compare(
	struct tree *tree, const int *tars, int folder_fd, bool rootless, struct buffer *way)
{
	const struct comparison comparison = { tree, tars, rootless };
	const char *what;
	struct stat st;

	if (fstat(folder_fd, &st) < 0)
		return "cannot be read";
	what = compare_status(&comparison, tree->root, &st);
	if (!what)
		what = compare_folder(&comparison, tree->root, folder_fd, way);
	return what || same_time(tree->root, &st) ? what : "has another time";
}
