/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_MICROVM_FS_FS_H
#define HULL_MICROVM_FS_FS_H

/*
 * The file system that the guest sees its shares through: FUSE (include/uapi/linux/fuse.h),
 * served by a process of its own that has nothing but those shares. A request is one packet,
 * its reply another, over the socket that the monitor's virtio-fs device holds.
 *
 * The guest's kernel checks permissions (default_permissions), so this is no more than
 * what it has: the whole of each share, and not a step outside, because names are
 * single components and links are never followed.
 */
#include <linux/fuse.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

/* Bytes of data in one request, and of a packet. */
#define FS_DATA	  (128u << 10)
#define FS_PACKET (FS_DATA + 4096u)

struct fs_node {
	uint64_t inode, device, lookups;
	int fd;		      /* O_PATH */
	struct fs_node *next; /* in the hash; of free ones */
	uint32_t number;
};

#define FS_HASH 4096

struct fs {
	int socket_fd, proc_fd; /* the latter: /proc/self/fd */
	bool privileged;	/* owners can be given */
	struct fs_node **nodes; /* by number; FUSE's node id */
	uint32_t node_count, node_room;
	struct fs_node *free_nodes, *hash[FS_HASH];
};

/* A request as it came, and the reply as it grows. */
struct fs_request {
	struct fs *fs;
	const struct fuse_in_header *head;
	const char *body;
	size_t body_bytes;
	struct fs_node *node; /* of head->nodeid */
	char *reply;	      /* FS_DATA bytes behind the reply's head */
	size_t reply_bytes;
};

/* What is served: the root of this process. */
int fs_open_root(struct fs *fs, int socket_fd, int proc_fd);

/* Serve until the socket is closed. */
int fs_serve(struct fs *fs);

/* ---- node.c ---- */

/* The node of what FD (O_PATH, taken) is; one lookup more. NULL: too many. */
struct fs_node *fs_node_get(struct fs *fs, int fd, const struct stat *status);
struct fs_node *fs_node_at(const struct fs *fs, uint64_t number);
void fs_node_forget(struct fs *fs, struct fs_node *node, uint64_t lookups);
/* Open what a node is once more, for reading or writing. */
int fs_node_open(const struct fs *fs, const struct fs_node *node, int flags);
/* "/proc/self/fd/N" relative to proc_fd. */
void fs_node_path(const struct fs_node *node, char *path);

/* ---- operations: 0 or a negative errno; the reply's body is in the request ---- */

typedef int fs_operation(struct fs_request *request);

fs_operation fs_lookup, fs_getattr, fs_setattr, fs_readlink, fs_symlink, fs_mknod, fs_mkdir,
	fs_unlink, fs_rmdir, fs_rename, fs_rename2, fs_link; /* inode.c */
fs_operation fs_open, fs_create, fs_read, fs_write, fs_flush, fs_release, fs_fsync, fs_fallocate,
	fs_lseek, fs_statfs, fs_opendir, fs_releasedir, fs_readdir, fs_readdirplus; /* file.c */
fs_operation fs_getxattr, fs_setxattr, fs_listxattr, fs_removexattr;		    /* xattr.c */

/* LENGTH bytes at OFFSET of the request, or NULL when it is shorter. */
const void *fs_part(const struct fs_request *request, size_t offset, size_t length);
/* A name at OFFSET of the body: one component, not "." or ".."; NULL: none. */
const char *fs_name(const struct fs_request *request, size_t offset);
void fs_reply(struct fs_request *request, const void *bytes, size_t length);
void fs_fill_attr(struct fuse_attr *attr, const struct stat *status);
/* Look NAME up in the request's node; fills the entry. */
int fs_find(struct fs_request *request, const struct fs_node *folder, const char *name,
	struct fuse_entry_out *entry);

/* ---- share.c ---- */

struct fs_share {
	const char *name, *path;
	bool read_only;
};

/*
 * Start the server: a process in namespaces of its own whose root is a folder with the
 * shares. Returns the socket to it, or a negative errno with a message.
 */
int fs_start(const struct fs_share *shares, size_t count);

#endif
