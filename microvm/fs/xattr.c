/* SPDX-License-Identifier: Apache-2.0 */
/* Extended attributes, through the magic links of /proc/self/fd: O_PATH descriptors have none. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "microvm/fs/fs.h"

/* A magic link of a symbolic link leads to no attributes that anybody needs. */
static int enter(const struct fs_request *request, char *path)
{
	struct stat status;

	if (fstat(request->node->fd, &status) < 0)
		return -errno;
	if (S_ISLNK(status.st_mode))
		return -EOPNOTSUPP;
	/* The working folder is /proc/self/fd: there is no getxattrat before Linux 6.13. */
	fs_node_path(request->node, path);
	return 0;
}

/* The value, or its length where the guest asks for that. */
static int reply_value(struct fs_request *request, ssize_t length, uint32_t size)
{
	struct fuse_getxattr_out out = { 0 };

	if (length < 0)
		return -errno;
	if (size) {
		request->reply_bytes = (size_t)length;
		return 0;
	}
	out.size = (uint32_t)length;
	fs_reply(request, &out, sizeof(out));
	return 0;
}

int fs_getxattr(struct fs_request *request)
{
	const struct fuse_getxattr_in *in = fs_part(request, 0, sizeof(*in));
	const char *name = fs_name(request, sizeof(*in));
	char path[16];
	int r = enter(request, path);

	if (r < 0)
		return r;
	if (!in || !name || in->size > FS_DATA)
		return -EINVAL;
	return reply_value(request, getxattr(path, name, request->reply, in->size), in->size);
}

int fs_listxattr(struct fs_request *request)
{
	const struct fuse_getxattr_in *in = fs_part(request, 0, sizeof(*in));
	char path[16];
	int r = enter(request, path);

	if (r < 0)
		return r;
	if (!in || in->size > FS_DATA)
		return -EINVAL;
	return reply_value(request, listxattr(path, request->reply, in->size), in->size);
}

int fs_setxattr(struct fs_request *request)
{
	/* Without FUSE_SETXATTR_EXT the first two fields are all. */
	const size_t head = FUSE_COMPAT_SETXATTR_IN_SIZE;
	const struct fuse_setxattr_in *in = fs_part(request, 0, head);
	const char *name = fs_name(request, head);
	const void *value = in && name ? fs_part(request, head + strlen(name) + 1, in->size) : NULL;
	char path[16];
	int r = enter(request, path);

	if (r < 0)
		return r;
	if (!value)
		return -EINVAL;
	return setxattr(path, name, value, in->size, (int)in->flags) < 0 ? -errno : 0;
}

int fs_removexattr(struct fs_request *request)
{
	const char *name = fs_name(request, 0);
	char path[16];
	int r = enter(request, path);

	if (r < 0)
		return r;
	if (!name)
		return -EINVAL;
	return removexattr(path, name) < 0 ? -errno : 0;
}
