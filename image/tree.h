/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_IMAGE_TREE_H
#define HULL_IMAGE_TREE_H

/*
 * The file system of an image in memory: layers applied one upon the other, with
 * their whiteouts (OCI image-spec 1.1, layer.md). Nothing is written to a disk here,
 * so nothing that a layer says can reach one.
 *
 * Links are looked up inside the tree alone. Refused, with the entry's name: ".."
 * in a name, a link that climbs out of the root, an entry below an absolute link of
 * the same layer (no tar of a real tree has one), a hard link to what is not there.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/memory.h"
#include "image/tar.h"

struct tree_entry;

struct tree_inode {
	enum tar_type type; /* never TAR_LINK */
	uint32_t mode, uid, gid, major, minor;
	int64_t mtime;
	uint32_t mtime_nanoseconds;
	uint32_t links; /* names that it has; folders: 1 */
	uint64_t size, offset;
	unsigned int layer;   /* 0: the lowest; whose tar has the content */
	bool sparse, implied; /* implied: no entry told of this folder */
	const struct tar_segment *segments;
	size_t segment_count;
	const struct tar_xattr *xattrs;
	size_t xattr_count;
	const char *target;
	/* A folder's. */
	struct tree_inode *parent; /* the root's is itself */
	struct tree_entry *first;
	size_t count;
	unsigned int depth;
	void *use; /* for who walks the tree; NULL at first */
};

struct tree_entry {
	const char *name;
	size_t length;
	struct tree_inode *inode, *folder;
	struct tree_entry *next, *before; /* in the folder */
	struct tree_entry *next_hashed;
	unsigned int layer; /* the last that spoke of it */
};

struct tree {
	struct arena *arena;
	struct tree_inode *root;
	unsigned int layer; /* that is being applied */
	bool alone;	    /* lower layers are not known: a link may go to what they have */
	struct tree_entry **hash;
	size_t hash_size, entries;
	uint64_t seed;
};

/* What entries point to must live as long as the tree. */
void tree_begin(struct tree *tree, struct arena *arena);
void tree_end(struct tree *tree);

/* One entry of layer tree->layer. -EBADMSG with a message that begins with the entry's name. */
int tree_apply(struct tree *tree, const struct tar_entry *entry);

/* The entries of a folder, sorted by name as strcmp(3) does; in the tree's arena. */
struct tree_entry **tree_sorted(struct tree *tree, const struct tree_inode *folder);

#endif
