/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_IMAGE_TAR_HEADER_H
#define HULL_IMAGE_TAR_HEADER_H

/* What one header block of a tar says, and what pax records say. Pure; for image/tar.c. */
#include "base/buffer.h"
#include "base/memory.h"
#include "image/tar.h"

struct tar_header {
	char path[257], target[101]; /* with the prefix, before pax */
	char type;
	bool gnu;
	uint64_t size; /* stored bytes */
	uint64_t mode, uid, gid, major, minor;
	int64_t mtime;
};

/* -EBADMSG with a message. */
int tar_header_read(const unsigned char *block, struct tar_header *header);
bool tar_block_is_zero(const unsigned char *block);

/* A number as tar headers have it: octal, or base 256. -EBADMSG without a message. */
int tar_number(const unsigned char *field, size_t length, int64_t *number);

/* The records of 'x' and 'g' headers; later ones win. Text lives in the arena. */
struct tar_pax {
	const char *path, *target, *sparse_name;
	bool has_size, has_uid, has_gid, has_mtime, has_real_size;
	uint64_t size, uid, gid, real_size;
	int64_t mtime;
	uint32_t mtime_nanoseconds;
	bool sparse, sparse_map_in_data; /* any GNU.sparse record; version 1.0 */
	struct tar_segment *segments;
	size_t segment_count, segment_room;
	struct tar_xattr *xattrs;
	size_t xattr_count, xattr_room;
};

int tar_pax_read(struct arena *arena, const char *bytes, size_t length, struct tar_pax *pax);

/* The segment (OFFSET, LENGTH) behind the others; -EBADMSG with a message when there are too many. */
int tar_pax_segment(struct arena *arena, struct tar_pax *pax, uint64_t offset, uint64_t length);

/* The decimal number at *TEXT, up to END; moved behind it. -EBADMSG without a message. */
int tar_decimal(const char **text, const char *end, uint64_t *number);

#endif
