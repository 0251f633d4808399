/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_IMAGE_TAR_H
#define HULL_IMAGE_TAR_H

/*
 * The headers of a tar that streams by: ustar and pax (POSIX.1-2017, pax), GNU's long
 * names, base-256 numbers and sparse files (old form, and pax 0.0, 0.1, 1.0), xattrs
 * as SCHILY.xattr. Contents are not touched: an entry says where in the tar they are.
 * Nothing in here trusts its input.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TAR_BLOCK 512u

enum tar_type {
	TAR_FILE,
	TAR_FOLDER,
	TAR_SYMLINK,
	TAR_LINK,
	TAR_CHARACTER,
	TAR_BLOCK_DEVICE,
	TAR_FIFO
};

/* A piece of a sparse file that has content; the rest of the file is zeros. */
struct tar_segment {
	uint64_t offset, length; /* bytes in the file */
};

struct tar_xattr {
	const char *name; /* "user.x" */
	const void *value;
	size_t name_length, length;
};

struct tar_entry {
	enum tar_type type;
	const char *path;   /* as it was written; not empty, may have ".." */
	const char *target; /* of both kinds of links, else "" */
	uint32_t mode;	    /* permissions, 07777 */
	uint32_t uid, gid, major, minor;
	int64_t mtime; /* seconds since the Epoch */
	uint32_t mtime_nanoseconds;
	uint64_t size;	 /* of the file, bytes */
	uint64_t offset; /* of its content in the tar, a multiple of TAR_BLOCK */
	/* Segments stand one behind the other in the tar, each from a full block on. */
	bool sparse;
	const struct tar_segment *segments;
	size_t segment_count;
	const struct tar_xattr *xattrs;
	size_t xattr_count;
};

struct tar;

/* ENTRY is called for each; below 0 it ends the reading and is returned. */
struct tar *tar_begin(int (*entry)(void *context, const struct tar_entry *entry), void *context);

/* The next bytes. -EBADMSG with a message that says where in the tar, or what ENTRY returned. */
int tar_feed(struct tar *tar, const void *bytes, size_t length);

/* So many of the next bytes are contents: the reader may count them by tar_skip instead. */
uint64_t tar_skippable(const struct tar *tar);
void tar_skip(struct tar *tar, uint64_t length);

/* No more bytes: -EBADMSG with a message when the tar is cut off. */
int tar_finish(const struct tar *tar);

void tar_free(struct tar **tar);

#define _cleanup_tar_ __attribute__((cleanup(tar_free)))

#endif
