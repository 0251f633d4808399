/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "microvm/fs/fs.h"

/* A guest that looks at more files than this at once has to forget some first. */
#define MOST_NODES (1u << 20)

static struct fs_node **bucket(struct fs *fs, uint64_t device, uint64_t inode)
{
	return &fs->hash[(inode ^ device * 31) % FS_HASH];
}

static struct fs_node *node_make(struct fs *fs)
{
	struct fs_node *node = fs->free_nodes;

	if (node) {
		fs->free_nodes = node->next;
		return node;
	}
	if (fs->node_count == MOST_NODES)
		return NULL;
	if (fs->node_count == fs->node_room) {
		fs->node_room = fs->node_room ? 2 * fs->node_room : 64;
		fs->nodes = memory_resize(fs->nodes, fs->node_room * sizeof(*fs->nodes));
	}
	node = memory_allocate_zero(sizeof(*node));
	node->number = fs->node_count;
	fs->nodes[fs->node_count++] = node;
	return node;
}

struct fs_node *fs_node_get(struct fs *fs, int fd, const struct stat *status)
{
	struct fs_node **first = bucket(fs, status->st_dev, status->st_ino), *node = *first;

	while (node && (node->inode != status->st_ino || node->device != status->st_dev))
		node = node->next;
	if (node) {
		(void)close(fd);
		node->lookups++;
		return node;
	}
	node = node_make(fs);
	if (!node) {
		(void)close(fd);
		return NULL;
	}
	node->inode = status->st_ino;
	node->device = status->st_dev;
	node->lookups = 1;
	node->fd = fd;
	node->next = *first;
	*first = node;
	return node;
}

struct fs_node *fs_node_at(const struct fs *fs, uint64_t number)
{
	/* Number 0 of the table is FUSE's root, 1. */
	struct fs_node *node = number && number <= fs->node_count ? fs->nodes[number - 1] : NULL;

	return node && node->lookups ? node : NULL;
}

void fs_node_forget(struct fs *fs, struct fs_node *node, uint64_t lookups)
{
	struct fs_node **link = bucket(fs, node->device, node->inode);

	/* The root stays. */
	if (node->number == 0)
		return;
	node->lookups -= lookups < node->lookups ? lookups : node->lookups;
	if (node->lookups)
		return;
	while (*link != node)
		link = &(*link)->next;
	*link = node->next;
	(void)close(node->fd);
	node->next = fs->free_nodes;
	fs->free_nodes = node;
}

void fs_node_path(const struct fs_node *node, char *path)
{
	(void)snprintf(path, 16, "%d", node->fd);
}

int fs_node_open(const struct fs *fs, const struct fs_node *node, int flags)
{
	char path[16];
	struct stat status;
	int fd;

	/* Devices, sockets and pipes are the guest's own business: opening one here would act here. */
	if (fstat(node->fd, &status) < 0)
		return -errno;
	if (!S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode))
		return -EINVAL;
	fs_node_path(node, path);
	fd = openat(fs->proc_fd, path, (flags & ~O_NOFOLLOW) | O_CLOEXEC | O_NONBLOCK);
	return fd < 0 ? -errno : fd;
}
