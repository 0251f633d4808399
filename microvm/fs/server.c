/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/memory.h"
#include "microvm/fs/fs.h"

static fs_operation *const operations[] = {
	[FUSE_LOOKUP] = fs_lookup,
	[FUSE_GETATTR] = fs_getattr,
	[FUSE_SETATTR] = fs_setattr,
	[FUSE_READLINK] = fs_readlink,
	[FUSE_SYMLINK] = fs_symlink,
	[FUSE_MKNOD] = fs_mknod,
	[FUSE_MKDIR] = fs_mkdir,
	[FUSE_UNLINK] = fs_unlink,
	[FUSE_RMDIR] = fs_rmdir,
	[FUSE_RENAME] = fs_rename,
	[FUSE_RENAME2] = fs_rename2,
	[FUSE_LINK] = fs_link,
	[FUSE_OPEN] = fs_open,
	[FUSE_CREATE] = fs_create,
	[FUSE_READ] = fs_read,
	[FUSE_WRITE] = fs_write,
	[FUSE_STATFS] = fs_statfs,
	[FUSE_FLUSH] = fs_flush,
	[FUSE_RELEASE] = fs_release,
	[FUSE_FSYNC] = fs_fsync,
	[FUSE_FSYNCDIR] = fs_fsync,
	[FUSE_FALLOCATE] = fs_fallocate,
	[FUSE_LSEEK] = fs_lseek,
	[FUSE_OPENDIR] = fs_opendir,
	[FUSE_READDIR] = fs_readdir,
	[FUSE_READDIRPLUS] = fs_readdirplus,
	[FUSE_RELEASEDIR] = fs_releasedir,
	[FUSE_GETXATTR] = fs_getxattr,
	[FUSE_SETXATTR] = fs_setxattr,
	[FUSE_LISTXATTR] = fs_listxattr,
	[FUSE_REMOVEXATTR] = fs_removexattr,
};

const void *fs_part(const struct fs_request *request, size_t offset, size_t length)
{
	if (offset > request->body_bytes || length > request->body_bytes - offset)
		return NULL;
	return request->body + offset;
}

const char *fs_name(const struct fs_request *request, size_t offset)
{
	const char *name = request->body + offset;
	const char *end =
		offset < request->body_bytes ? memchr(name, 0, request->body_bytes - offset) : NULL;

	if (!end || end == name || memchr(name, '/', (size_t)(end - name)) || !strcmp(name, ".") ||
		!strcmp(name, ".."))
		return NULL;
	return name;
}

void fs_reply(struct fs_request *request, const void *bytes, size_t length)
{
	memcpy(request->reply + request->reply_bytes, bytes, length);
	request->reply_bytes += length;
}

static int fs_init(struct fs_request *request)
{
	const struct fuse_init_in *in = fs_part(request, 0, FUSE_COMPAT_INIT_OUT_SIZE * 2);
	struct fuse_init_out out = {
		.major = FUSE_KERNEL_VERSION,
		.minor = 31,
		.max_readahead = FS_DATA,
		.max_background = 64,
		.congestion_threshold = 48,
		.max_write = FS_DATA,
		.max_pages = FS_DATA / 4096,
		.time_gran = 1,
	};

	if (!in || in->major != FUSE_KERNEL_VERSION || in->minor < 31)
		return -EPROTO;
	out.flags =
		in->flags & (FUSE_ASYNC_READ | FUSE_ATOMIC_O_TRUNC | FUSE_BIG_WRITES |
				    FUSE_DONT_MASK | FUSE_AUTO_INVAL_DATA | FUSE_DO_READDIRPLUS |
				    FUSE_READDIRPLUS_AUTO | FUSE_PARALLEL_DIROPS | FUSE_MAX_PAGES);
	fs_reply(request, &out, sizeof(out));
	return 0;
}

/* Neither has a reply. */
static void fs_forget(struct fs_request *request)
{
	const struct fuse_forget_in *one = fs_part(request, 0, sizeof(*one));
	const struct fuse_batch_forget_in *many = fs_part(request, 0, sizeof(*many));
	const struct fuse_forget_one *list;

	if (request->head->opcode == FUSE_FORGET) {
		if (one && request->node)
			fs_node_forget(request->fs, request->node, one->nlookup);
		return;
	}
	list = many ? fs_part(request, sizeof(*many), (size_t)many->count * sizeof(*list)) : NULL;
	for (uint32_t i = 0; list && i < many->count; i++) {
		struct fs_node *node = fs_node_at(request->fs, list[i].nodeid);

		if (node)
			fs_node_forget(request->fs, node, list[i].nlookup);
	}
}

static int fs_perform(struct fs_request *request)
{
	uint32_t code = request->head->opcode;

	if (code == FUSE_INIT)
		return fs_init(request);
	if (code >= ARRAY_SIZE(operations) || !operations[code])
		return -ENOSYS;
	return request->node ? operations[code](request) : -ESTALE;
}

/* A packet, and its reply at REPLY; the reply's bytes, 0: none. */
static size_t fs_handle(struct fs *fs, const char *packet, size_t bytes, char *reply)
{
	const struct fuse_in_header *head = (const void *)packet;
	struct fuse_out_header out = { 0 };
	struct fs_request request = {
		.fs = fs,
		.head = head,
		.body = packet + sizeof(*head),
		.reply = reply + sizeof(out),
	};
	int r;

	if (bytes < sizeof(*head))
		return 0;
	request.body_bytes = bytes - sizeof(*head);
	request.node = fs_node_at(fs, head->nodeid);
	if (head->opcode == FUSE_FORGET || head->opcode == FUSE_BATCH_FORGET) {
		fs_forget(&request);
		return 0;
	}
	r = fs_perform(&request);
	if (r < 0)
		request.reply_bytes = 0;
	out.len = (uint32_t)(sizeof(out) + request.reply_bytes);
	out.error = r < 0 ? r : 0;
	out.unique = head->unique;
	memcpy(reply, &out, sizeof(out));
	return out.len;
}

static int fs_add_root(struct fs *fs)
{
	int fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct stat status;

	if (fd < 0 || fstat(fd, &status) < 0)
		return -errno;
	(void)fs_node_get(fs, fd, &status);
	return 0;
}

int fs_open_root(struct fs *fs, int socket_fd, int proc_fd)
{
	struct rlimit files;
	int r;

	fs->socket_fd = socket_fd;
	fs->proc_fd = proc_fd;
	fs->privileged = geteuid() == 0;
	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &files);
	}
	(void)umask(0);
	r = fs_add_root(fs);
	return r >= 0 && fchdir(proc_fd) < 0 ? -errno : r;
}

int fs_serve(struct fs *fs)
{
	static _Alignas(8) char packet[FS_PACKET], reply[FS_PACKET];
	int r = 0;

	while (r >= 0) {
		ssize_t got = recv(fs->socket_fd, packet, sizeof(packet), 0);
		size_t bytes;

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got < 0 ? -errno : 0;
		bytes = fs_handle(fs, packet, (size_t)got, reply);
		if (bytes && send(fs->socket_fd, reply, bytes, MSG_NOSIGNAL) < 0)
			r = -errno;
	}
	return r;
}
