/* SPDX-License-Identifier: Apache-2.0 */
/* Names, attributes, links: everything that needs no open file. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/file.h"
#include "microvm/fs/fs.h"

/* Seconds for which the guest believes what it has heard: changes from outside show after that. */
#define VALID_SECONDS 1

void fs_fill_attr(struct fuse_attr *attr, const struct stat *status)
{
	*attr = (struct fuse_attr){
		.ino = status->st_ino,
		.size = (uint64_t)status->st_size,
		.blocks = (uint64_t)status->st_blocks,
		.atime = (uint64_t)status->st_atim.tv_sec,
		.mtime = (uint64_t)status->st_mtim.tv_sec,
		.ctime = (uint64_t)status->st_ctim.tv_sec,
		.atimensec = (uint32_t)status->st_atim.tv_nsec,
		.mtimensec = (uint32_t)status->st_mtim.tv_nsec,
		.ctimensec = (uint32_t)status->st_ctim.tv_nsec,
		.mode = status->st_mode,
		.nlink = (uint32_t)status->st_nlink,
		.uid = status->st_uid,
		.gid = status->st_gid,
		.rdev = (uint32_t)status->st_rdev,
		.blksize = (uint32_t)status->st_blksize,
	};
}

int fs_find(struct fs_request *request, const struct fs_node *folder, const char *name,
	struct fuse_entry_out *entry)
{
	int fd = openat(folder->fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	const struct fs_node *node;
	struct stat status;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &status) < 0) {
		int r = -errno;

		(void)close(fd);
		return r;
	}
	node = fs_node_get(request->fs, fd, &status);
	if (!node)
		return -ENFILE;
	memset(entry, 0, sizeof(*entry));
	entry->nodeid = node->number + 1ull;
	entry->entry_valid = entry->attr_valid = VALID_SECONDS;
	fs_fill_attr(&entry->attr, &status);
	return 0;
}

static int reply_entry(struct fs_request *request, const char *name)
{
	struct fuse_entry_out entry;
	int r = fs_find(request, request->node, name, &entry);

	if (r >= 0)
		fs_reply(request, &entry, sizeof(entry));
	return r;
}

static int reply_attr(struct fs_request *request, int fd)
{
	struct fuse_attr_out out = { .attr_valid = VALID_SECONDS };
	struct stat status;

	if (fstat(fd, &status) < 0)
		return -errno;
	fs_fill_attr(&out.attr, &status);
	fs_reply(request, &out, sizeof(out));
	return 0;
}

int fs_lookup(struct fs_request *request)
{
	const char *name = fs_name(request, 0);

	return name ? reply_entry(request, name) : -EINVAL;
}

int fs_getattr(struct fs_request *request)
{
	return reply_attr(request, request->node->fd);
}

static int set_size(struct fs_request *request, uint64_t size)
{
	_cleanup_close_ int fd = fs_node_open(request->fs, request->node, O_WRONLY);

	if (fd < 0)
		return fd;
	return ftruncate(fd, (off_t)size) < 0 ? -errno : 0;
}

static int set_times(struct fs_request *request, const struct fuse_setattr_in *in)
{
	struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, { .tv_nsec = UTIME_OMIT } };
	char path[16];

	if (in->valid & FATTR_ATIME_NOW)
		times[0].tv_nsec = UTIME_NOW;
	else if (in->valid & FATTR_ATIME)
		times[0] = (struct timespec){ (time_t)in->atime, in->atimensec };
	if (in->valid & FATTR_MTIME_NOW)
		times[1].tv_nsec = UTIME_NOW;
	else if (in->valid & FATTR_MTIME)
		times[1] = (struct timespec){ (time_t)in->mtime, in->mtimensec };
	fs_node_path(request->node, path);
	/* Through a magic link, which leads to the link itself where that is a symbolic one. */
	return utimensat(request->fs->proc_fd, path, times, 0) < 0 ? -errno : 0;
}

int fs_setattr(struct fs_request *request)
{
	const struct fuse_setattr_in *in = fs_part(request, 0, sizeof(*in));
	int fd = request->node->fd, r = 0;
	char path[16];

	if (!in)
		return -EINVAL;
	fs_node_path(request->node, path);
	if (in->valid & FATTR_MODE && fchmodat(request->fs->proc_fd, path, in->mode & 07777, 0) < 0)
		return -errno;
	if (in->valid & (FATTR_UID | FATTR_GID) &&
		fchownat(fd, "", in->valid & FATTR_UID ? in->uid : (uid_t)-1,
			in->valid & FATTR_GID ? in->gid : (gid_t)-1,
			AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	if (in->valid & FATTR_SIZE)
		r = set_size(request, in->size);
	if (r >= 0 && in->valid & (FATTR_ATIME | FATTR_MTIME | FATTR_ATIME_NOW | FATTR_MTIME_NOW))
		r = set_times(request, in);
	return r < 0 ? r : reply_attr(request, fd);
}

int fs_readlink(struct fs_request *request)
{
	char target[4096];
	ssize_t length = readlinkat(request->node->fd, "", target, sizeof(target));

	if (length < 0)
		return -errno;
	fs_reply(request, target, (size_t)length);
	return 0;
}

/* What was just made belongs to whoever asked for it. */
static int give(struct fs_request *request, const char *name)
{
	gid_t group = request->head->gid;
	struct stat status;
	int r;

	if (!request->fs->privileged)
		return reply_entry(request, name);
	if (fstat(request->node->fd, &status) == 0 && status.st_mode & S_ISGID)
		group = status.st_gid;
	if (fchownat(request->node->fd, name, request->head->uid, group, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	r = reply_entry(request, name);
	return r;
}

int fs_symlink(struct fs_request *request)
{
	const char *name = fs_name(request, 0), *target;
	size_t offset = name ? strlen(name) + 1 : 0;

	if (!name || offset >= request->body_bytes ||
		!memchr(request->body + offset, 0, request->body_bytes - offset))
		return -EINVAL;
	target = request->body + offset;
	return symlinkat(target, request->node->fd, name) < 0 ? -errno : give(request, name);
}

int fs_mknod(struct fs_request *request)
{
	const struct fuse_mknod_in *in = fs_part(request, 0, sizeof(*in));
	const char *name = fs_name(request, sizeof(*in));

	if (!in || !name)
		return -EINVAL;
	if (mknodat(request->node->fd, name, in->mode & ~in->umask & (S_IFMT | 07777), in->rdev) <
		0)
		return -errno;
	return give(request, name);
}

int fs_mkdir(struct fs_request *request)
{
	const struct fuse_mkdir_in *in = fs_part(request, 0, sizeof(*in));
	const char *name = fs_name(request, sizeof(*in));

	if (!in || !name)
		return -EINVAL;
	if (mkdirat(request->node->fd, name, in->mode & ~in->umask & 07777) < 0)
		return -errno;
	return give(request, name);
}

int fs_unlink(struct fs_request *request)
{
	const char *name = fs_name(request, 0);

	if (!name)
		return -EINVAL;
	return unlinkat(request->node->fd, name, 0) < 0 ? -errno : 0;
}

int fs_rmdir(struct fs_request *request)
{
	const char *name = fs_name(request, 0);

	if (!name)
		return -EINVAL;
	return unlinkat(request->node->fd, name, AT_REMOVEDIR) < 0 ? -errno : 0;
}

static int rename_to(
	struct fs_request *request, uint64_t to_number, size_t offset, unsigned int flags)
{
	const struct fs_node *to = fs_node_at(request->fs, to_number);
	const char *from_name = fs_name(request, offset);
	const char *to_name = from_name ? fs_name(request, offset + strlen(from_name) + 1) : NULL;

	if (!to || !to_name)
		return -EINVAL;
	return syscall(SYS_renameat2, request->node->fd, from_name, to->fd, to_name, flags) < 0
		       ? -errno
		       : 0;
}

int fs_rename(struct fs_request *request)
{
	const struct fuse_rename_in *in = fs_part(request, 0, sizeof(*in));

	return in ? rename_to(request, in->newdir, sizeof(*in), 0) : -EINVAL;
}

int fs_rename2(struct fs_request *request)
{
	const struct fuse_rename2_in *in = fs_part(request, 0, sizeof(*in));

	return in ? rename_to(request, in->newdir, sizeof(*in), in->flags) : -EINVAL;
}

int fs_link(struct fs_request *request)
{
	const struct fuse_link_in *in = fs_part(request, 0, sizeof(*in));
	const char *name = fs_name(request, sizeof(*in));
	const struct fs_node *old = in ? fs_node_at(request->fs, in->oldnodeid) : NULL;
	char path[16];

	if (!old || !name)
		return -EINVAL;
	fs_node_path(old, path);
	if (linkat(request->fs->proc_fd, path, request->node->fd, name, AT_SYMLINK_FOLLOW) < 0)
		return -errno;
	return reply_entry(request, name);
}
