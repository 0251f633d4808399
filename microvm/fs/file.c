/* SPDX-License-Identifier: Apache-2.0 */
/* Open files and folders: a handle is the descriptor's number. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/file.h"
#include "microvm/fs/fs.h"

/* What may be asked for when a file is opened; creation and truncation are requests of their own. */
#define OPEN_FLAGS (O_ACCMODE | O_APPEND | O_TRUNC | O_SYNC | O_DSYNC)

/* How often a file may come and go while it is created. */
#define CREATE_TRIES 8

/* Handles are numbers that the guest sends back: only one of a file that it has opened counts. */
static bool is_handle(const struct fs *fs, uint64_t handle)
{
	int flags;

	if (handle > INT_MAX || (int)handle == fs->socket_fd || (int)handle == fs->proc_fd ||
		handle < 3)
		return false;
	flags = fcntl((int)handle, F_GETFL);
	/* O_PATH descriptors are those of nodes. */
	return flags >= 0 && !(flags & O_PATH);
}

static int reply_open(struct fs_request *request, int fd)
{
	struct fuse_open_out out = { .fh = (uint64_t)fd };

	if (fd >= 0)
		fs_reply(request, &out, sizeof(out));
	return fd < 0 ? fd : 0;
}

int fs_open(struct fs_request *request)
{
	const struct fuse_open_in *in = fs_part(request, 0, sizeof(*in));
	int flags = in ? (int)in->flags & OPEN_FLAGS : 0;

	/* The guest's kernel has worked out where an append goes. */
	return in ? reply_open(request, fs_node_open(request->fs, request->node, flags & ~O_APPEND))
		  : -EINVAL;
}

/*
 * The guest has not found the name, and by now somebody out here has made it: without O_EXCL
 * that is the file to open (open(2)), and it stays whose it is.
 */
static int create_found(struct fs_request *request, const char *name, int flags)
{
	struct fuse_open_out out = { 0 };
	struct fuse_entry_out entry;
	struct fs_node *node;
	struct stat status;
	int fd, r = fs_find(request, request->node, name, &entry);

	if (r < 0)
		return r;
	node = fs_node_at(request->fs, entry.nodeid);
	fd = fs_node_open(request->fs, node, flags);
	if (fd < 0) {
		/* The guest will not hear of it. */
		fs_node_forget(request->fs, node, 1);
		return fd;
	}
	/* It may have been truncated just now. */
	if (fstat(fd, &status) == 0)
		fs_fill_attr(&entry.attr, &status);
	out.fh = (uint64_t)fd;
	fs_reply(request, &entry, sizeof(entry));
	fs_reply(request, &out, sizeof(out));
	return 0;
}

int fs_create(struct fs_request *request)
{
	const struct fuse_create_in *in = fs_part(request, 0, sizeof(*in));
	const char *name = fs_name(request, sizeof(*in));
	struct fuse_open_out out = { 0 };
	struct fuse_entry_out entry;
	_cleanup_close_ int fd = -EBADF;
	int flags, tries = 0, r = 0;

	if (!in || !name)
		return -EINVAL;
	flags = (int)in->flags & OPEN_FLAGS & ~O_APPEND;
	do {
		/* With O_EXCL here in any case: a new file gets its owner below. */
		fd = openat(request->node->fd, name,
			flags | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
			in->mode & ~in->umask & 07777);
		if (fd >= 0)
			break;
		if (errno != EEXIST || in->flags & O_EXCL)
			return -errno;
		r = create_found(request, name, flags);
		/* Gone again in between. */
	} while (r == -ENOENT && tries++ < CREATE_TRIES);
	if (fd < 0)
		return r;
	if (request->fs->privileged) {
		gid_t group = request->head->gid;
		struct stat status;

		if (fstat(request->node->fd, &status) == 0 && status.st_mode & S_ISGID)
			group = status.st_gid;
		if (fchown(fd, request->head->uid, group) < 0)
			return -errno;
		/* Which takes set-id bits away. */
		(void)fchmod(fd, in->mode & ~in->umask & 07777);
	}
	r = fs_find(request, request->node, name, &entry);
	if (r < 0)
		return r;
	out.fh = (uint64_t)TAKE_FD(fd);
	fs_reply(request, &entry, sizeof(entry));
	fs_reply(request, &out, sizeof(out));
	return 0;
}

int fs_read(struct fs_request *request)
{
	const struct fuse_read_in *in = fs_part(request, 0, sizeof(*in));
	ssize_t got;

	if (!in || in->size > FS_DATA || !is_handle(request->fs, in->fh))
		return -EINVAL;
	got = pread((int)in->fh, request->reply, in->size, (off_t)in->offset);
	if (got < 0)
		return -errno;
	request->reply_bytes = (size_t)got;
	return 0;
}

int fs_write(struct fs_request *request)
{
	const struct fuse_write_in *in = fs_part(request, 0, sizeof(*in));
	const void *data = in ? fs_part(request, sizeof(*in), in->size) : NULL;
	struct fuse_write_out out = { 0 };
	ssize_t done;

	if (!data || !is_handle(request->fs, in->fh))
		return -EINVAL;
	done = pwrite((int)in->fh, data, in->size, (off_t)in->offset);
	if (done < 0)
		return -errno;
	out.size = (uint32_t)done;
	fs_reply(request, &out, sizeof(out));
	return 0;
}

int fs_flush(struct fs_request *request)
{
	(void)request;
	return 0;
}

int fs_release(struct fs_request *request)
{
	const struct fuse_release_in *in = fs_part(request, 0, sizeof(*in));

	if (!in || !is_handle(request->fs, in->fh))
		return -EINVAL;
	(void)close((int)in->fh);
	return 0;
}

int fs_fsync(struct fs_request *request)
{
	const struct fuse_fsync_in *in = fs_part(request, 0, sizeof(*in));
	int r;

	if (!in || !is_handle(request->fs, in->fh))
		return -EINVAL;
	r = in->fsync_flags & FUSE_FSYNC_FDATASYNC ? fdatasync((int)in->fh) : fsync((int)in->fh);
	return r < 0 ? -errno : 0;
}

int fs_fallocate(struct fs_request *request)
{
	const struct fuse_fallocate_in *in = fs_part(request, 0, sizeof(*in));

	if (!in || !is_handle(request->fs, in->fh))
		return -EINVAL;
	return fallocate((int)in->fh, (int)in->mode, (off_t)in->offset, (off_t)in->length) < 0
		       ? -errno
		       : 0;
}

int fs_lseek(struct fs_request *request)
{
	const struct fuse_lseek_in *in = fs_part(request, 0, sizeof(*in));
	struct fuse_lseek_out out;
	off_t offset;

	if (!in || !is_handle(request->fs, in->fh))
		return -EINVAL;
	offset = lseek((int)in->fh, (off_t)in->offset, (int)in->whence);
	if (offset < 0)
		return -errno;
	out.offset = (uint64_t)offset;
	fs_reply(request, &out, sizeof(out));
	return 0;
}

int fs_statfs(struct fs_request *request)
{
	struct fuse_statfs_out out = { 0 };
	struct statvfs status;

	if (fstatvfs(request->node->fd, &status) < 0)
		return -errno;
	out.st.blocks = status.f_blocks;
	out.st.bfree = status.f_bfree;
	out.st.bavail = status.f_bavail;
	out.st.files = status.f_files;
	out.st.ffree = status.f_ffree;
	out.st.bsize = (uint32_t)status.f_bsize;
	out.st.frsize = (uint32_t)status.f_frsize;
	out.st.namelen = (uint32_t)status.f_namemax;
	fs_reply(request, &out, sizeof(out));
	return 0;
}

/* ---- folders --------------------------------------------------------------------------------------- */

int fs_opendir(struct fs_request *request)
{
	return reply_open(
		request, fs_node_open(request->fs, request->node, O_RDONLY | O_DIRECTORY));
}

int fs_releasedir(struct fs_request *request)
{
	return fs_release(request);
}

struct linux_dirent {
	uint64_t inode;
	int64_t next;
	unsigned short length;
	unsigned char type;
	char name[];
};

/* An entry of the reply; false when there is no room for it. */
static bool add_entry(struct fs_request *request, const struct linux_dirent *from, size_t most,
	const struct fuse_entry_out *entry)
{
	size_t name = strlen(from->name), head = entry ? sizeof(*entry) : 0;
	size_t bytes = FUSE_DIRENT_ALIGN(head + FUSE_NAME_OFFSET + name);
	const struct fuse_dirent dirent = { .ino = from->inode,
		.off = (uint64_t)from->next,
		.namelen = (uint32_t)name,
		.type = from->type };
	char *to = request->reply + request->reply_bytes;

	if (request->reply_bytes + bytes > most)
		return false;
	memset(to, 0, bytes);
	if (entry)
		memcpy(to, entry, sizeof(*entry));
	memcpy(to + head, &dirent, FUSE_NAME_OFFSET);
	memcpy(to + head + FUSE_NAME_OFFSET, from->name, name);
	request->reply_bytes += bytes;
	return true;
}

static size_t entry_bytes(const struct linux_dirent *from, bool plus)
{
	return FUSE_DIRENT_ALIGN(
		(plus ? sizeof(struct fuse_entry_out) : 0) + FUSE_NAME_OFFSET + strlen(from->name));
}

static bool is_dots(const char *name)
{
	return !strcmp(name, ".") || !strcmp(name, "..");
}

static int read_entries(struct fs_request *request, bool plus)
{
	const struct fuse_read_in *in = fs_part(request, 0, sizeof(*in));
	_Alignas(8) char bytes[8192];
	size_t most;
	long got;

	if (!in || !is_handle(request->fs, in->fh))
		return -EINVAL;
	most = in->size < FS_DATA ? in->size : FS_DATA;
	if (lseek((int)in->fh, (off_t)in->offset, SEEK_SET) < 0)
		return -errno;
	while ((got = syscall(SYS_getdents64, (int)in->fh, bytes, sizeof(bytes))) > 0) {
		for (long at = 0; at < got;) {
			const struct linux_dirent *from = (void *)(bytes + at);
			struct fuse_entry_out entry = { 0 };

			/* Looked up only when it fits: what is looked up must be told. */
			if (request->reply_bytes + entry_bytes(from, plus) > most)
				return 0;
			if (plus && !is_dots(from->name))
				(void)fs_find(request, request->node, from->name, &entry);
			(void)add_entry(request, from, most, plus ? &entry : NULL);
			at += from->length;
		}
	}
	return got < 0 ? -errno : 0;
}

int fs_readdir(struct fs_request *request)
{
	return read_entries(request, false);
}

int fs_readdirplus(struct fs_request *request)
{
	return read_entries(request, true);
}
