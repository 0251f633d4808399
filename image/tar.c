/* SPDX-License-Identifier: Apache-2.0 */
#include "image/tar.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "image/tar_header.h"

#define EXTRA_MOST (1u << 20) /* of one pax header or long name, bytes */
#define OLD_FIRST  4	      /* segments in the header of an old GNU sparse file */
#define OLD_MORE   21	      /* and in each block behind it */

/* What the next bytes are. */
enum expect {
	EXPECT_HEADER,
	EXPECT_EXTRA,	  /* content of a pax header or a long name, then of its last block */
	EXPECT_OLD_MAP,	  /* a block with more segments of an old GNU sparse file */
	EXPECT_MAP,	  /* blocks with the segments of a pax 1.0 sparse file */
	EXPECT_CONTENT,	  /* content of a file, to its last block's end */
	EXPECT_LAST_ZERO, /* behind one block of zeros */
	EXPECT_NOTHING,	  /* behind both: whatever follows is no part of the archive */
};

struct tar {
	int (*entry)(void *context, const struct tar_entry *entry);
	void *context;
	enum expect expect;
	uint64_t position;    /* in the tar */
	uint64_t left;	      /* of content, with its padding */
	struct buffer waited; /* bytes of a block or an extra header that is not complete */
	size_t wanted;	      /* so many of them make it complete */
	uint64_t map_lines;   /* line feeds in the map so far */
	struct tar_header header;
	char *long_path, *long_target;
	struct arena global_arena, arena;
	struct tar_pax global, pax; /* of all entries; of the next one */
};

struct tar *tar_begin(int (*entry)(void *context, const struct tar_entry *entry), void *context)
{
	struct tar *tar = memory_allocate_zero(sizeof(*tar));

	tar->entry = entry;
	tar->context = context;
	tar->wanted = TAR_BLOCK;
	return tar;
}

static void forget_entry(struct tar *tar)
{
	free(TAKE_PTR(tar->long_path));
	free(TAKE_PTR(tar->long_target));
	arena_free(&tar->arena);
	tar->arena = (struct arena){ 0 };
	tar->pax = tar->global;
}

void tar_free(struct tar **pointer)
{
	struct tar *tar = *pointer;

	if (!tar)
		return;
	forget_entry(tar);
	arena_free(&tar->global_arena);
	buffer_free(&tar->waited);
	free(tar);
	*pointer = NULL;
}

static int bad(const struct tar *tar, const char *path, const char *what)
{
	return error_set(EBADMSG, "\"%s\": %s (byte %llu of the tar)", path, what,
		(unsigned long long)tar->position);
}

/* Stored bytes, up to a full block; sizes are at most INT64_MAX. */
static uint64_t padded(uint64_t size)
{
	return (size + TAR_BLOCK - 1) & ~(uint64_t)(TAR_BLOCK - 1);
}

static int entry_type(const struct tar_header *header, const char *path, enum tar_type *type)
{
	size_t length = strlen(path);

	switch (header->type) {
	case '\0':
	case '0':
	case '7':
	case 'S':
		/* So the oldest tars name a folder. */
		*type = length && path[length - 1] == '/' && header->type != 'S' ? TAR_FOLDER
										 : TAR_FILE;
		return 0;
	case '1':
		*type = TAR_LINK;
		return 0;
	case '2':
		*type = TAR_SYMLINK;
		return 0;
	case '3':
		*type = TAR_CHARACTER;
		return 0;
	case '4':
		*type = TAR_BLOCK_DEVICE;
		return 0;
	case '5':
		*type = TAR_FOLDER;
		return 0;
	case '6':
		*type = TAR_FIFO;
		return 0;
	default:
		return -EBADMSG;
	}
}

/* In order, without overlap, within the file, and as much as is stored. */
static int check_segments(struct tar *tar, const char *path, uint64_t size, uint64_t stored)
{
	uint64_t end = 0, sum = 0;
	size_t kept = 0;

	for (size_t i = 0; i < tar->pax.segment_count; i++) {
		struct tar_segment segment = tar->pax.segments[i];

		if (segment.offset < end || segment.offset > size ||
			segment.length > size - segment.offset)
			return bad(tar, path, "wrong map of a sparse file");
		end = segment.offset + segment.length;
		sum += segment.length;
		if (!segment.length)
			continue;
		/* All but the last stand in full blocks, and EROFS has no smaller ones. */
		if (segment.offset % TAR_BLOCK ||
			(kept && tar->pax.segments[kept - 1].length % TAR_BLOCK))
			return bad(tar, path, "a sparse file whose segments are not aligned");
		tar->pax.segments[kept++] = segment;
	}
	tar->pax.segment_count = kept;
	return sum == stored ? 0 : bad(tar, path, "wrong map of a sparse file");
}

/* The entry is complete, and what follows is the content, STORED bytes. */
static int deliver(struct tar *tar, uint64_t stored)
{
	const struct tar_header *header = &tar->header;
	const struct tar_pax *pax = &tar->pax;
	bool sparse = header->type == 'S' || pax->sparse;
	struct tar_entry entry = {
		.path = pax->sparse_name ? pax->sparse_name
			: pax->path	 ? pax->path
			: tar->long_path ? tar->long_path
					 : header->path,
		.target = pax->target	     ? pax->target
			  : tar->long_target ? tar->long_target
					     : header->target,
		.mode = header->mode & 07777,
		.uid = (uint32_t)(pax->has_uid ? pax->uid : header->uid),
		.gid = (uint32_t)(pax->has_gid ? pax->gid : header->gid),
		.major = (uint32_t)header->major,
		.minor = (uint32_t)header->minor,
		.mtime = pax->has_mtime ? pax->mtime : header->mtime,
		.mtime_nanoseconds = pax->has_mtime ? pax->mtime_nanoseconds : 0,
		.size = sparse && pax->has_real_size ? pax->real_size : stored,
		.offset = tar->position,
		.xattrs = pax->xattrs,
		.xattr_count = pax->xattr_count,
	};
	int r;

	if (entry_type(header, entry.path, &entry.type) < 0)
		return bad(tar, entry.path, "an entry of unknown type");
	if (!*entry.path)
		return bad(tar, entry.path, "an entry without a name");
	if ((pax->has_uid ? pax->uid : header->uid) > UINT32_MAX - 1 ||
		(pax->has_gid ? pax->gid : header->gid) > UINT32_MAX - 1)
		return bad(tar, entry.path, "a user or group id that Linux has not");
	if (entry.type != TAR_FILE) {
		entry.size = stored = 0;
	} else if (sparse) {
		r = check_segments(tar, entry.path, entry.size, stored);
		if (r < 0)
			return r;
		entry.sparse = true;
		entry.segments = pax->segments;
		entry.segment_count = pax->segment_count;
	}
	r = tar->entry(tar->context, &entry);
	forget_entry(tar);
	tar->left = padded(stored);
	tar->expect = tar->left ? EXPECT_CONTENT : EXPECT_HEADER;
	return r;
}

/* Segments of an old GNU sparse file: pairs of numbers, up to an empty one. */
static int read_old_segments(struct tar *tar, const unsigned char *field, size_t count)
{
	for (size_t i = 0; i < count && field[0]; i++, field += 24) {
		int64_t offset, length;

		if (tar_number(field, 12, &offset) < 0 || tar_number(field + 12, 12, &length) < 0 ||
			offset < 0 || length < 0)
			return bad(tar, tar->header.path, "wrong map of a sparse file");
		if (tar_pax_segment(&tar->arena, &tar->pax, (uint64_t)offset, (uint64_t)length) < 0)
			return -EBADMSG;
	}
	return 0;
}

static int begin_old_sparse(struct tar *tar, const unsigned char *block)
{
	int64_t size;

	tar->pax.segment_count = 0;
	if (!tar->header.gnu || tar_number(block + 483, 12, &size) < 0 || size < 0)
		return bad(tar, tar->header.path, "wrong size of a sparse file");
	tar->pax.has_real_size = true;
	tar->pax.real_size = (uint64_t)size;
	if (read_old_segments(tar, block + 386, OLD_FIRST) < 0)
		return -EBADMSG;
	if (block[482]) {
		tar->expect = EXPECT_OLD_MAP;
		return 0;
	}
	return deliver(tar, tar->header.size);
}

static int read_old_map(struct tar *tar, const unsigned char *block)
{
	if (read_old_segments(tar, block, OLD_MORE) < 0)
		return -EBADMSG;
	return block[504] ? 0 : deliver(tar, tar->header.size);
}

static int read_header(struct tar *tar, const unsigned char *block)
{
	int r = tar_header_read(block, &tar->header);

	if (r < 0)
		return error_context(
			r, "byte %llu of the tar", (unsigned long long)tar->position - TAR_BLOCK);
	switch (tar->header.type) {
	case 'x':
	case 'X':
	case 'g':
	case 'L':
	case 'K':
		if (tar->header.size > EXTRA_MOST)
			return bad(tar, tar->header.path, "a header of more than 1 MiB");
		tar->expect = tar->header.size ? EXPECT_EXTRA : EXPECT_HEADER;
		tar->wanted = tar->header.size ? padded(tar->header.size) : TAR_BLOCK;
		return 0;
	case 'V': /* the name of a volume */
		forget_entry(tar);
		return 0;
	default:
		break;
	}
	if (tar->pax.has_size)
		tar->header.size = tar->pax.size;
	if (tar->header.size > INT64_MAX - TAR_BLOCK)
		return bad(tar, tar->header.path, "a size that no file has");
	if (tar->header.type == 'S')
		return begin_old_sparse(tar, block);
	if (tar->pax.sparse_map_in_data) {
		tar->pax.segment_count = 0;
		tar->map_lines = 0;
		tar->expect = EXPECT_MAP;
		return 0;
	}
	return deliver(tar, tar->header.size);
}

static int read_extra(struct tar *tar, const char *bytes)
{
	size_t length = tar->header.size;
	char **name = tar->header.type == 'L' ? &tar->long_path : &tar->long_target;

	tar->expect = EXPECT_HEADER;
	tar->wanted = TAR_BLOCK;
	if (tar->header.type == 'L' || tar->header.type == 'K') {
		free(*name);
		*name = strndup(bytes, length);
		return *name ? 0 : -ENOMEM;
	}
	if (tar->header.type != 'g')
		return tar_pax_read(&tar->arena, bytes, length, &tar->pax);
	/* What is said of all entries: no sizes of one file, no xattrs, which nobody writes. */
	if (tar_pax_read(&tar->global_arena, bytes, length, &tar->global) < 0)
		return -EBADMSG;
	tar->global.xattr_count = tar->global.xattr_room = 0;
	tar->global.segment_count = tar->global.segment_room = 0;
	tar->global.sparse = tar->global.sparse_map_in_data = tar->global.has_real_size = false;
	tar->global.sparse_name = NULL;
	forget_entry(tar);
	return 0;
}

/* A number and its line feed. */
static bool take_line(const char **text, const char *end, uint64_t *number)
{
	if (tar_decimal(text, end, number) < 0 || *text == end || **text != '\n')
		return false;
	(*text)++;
	return true;
}

/* pax 1.0: the count, then offset and length of each, a line a number, in full blocks. */
static int read_map(struct tar *tar, const char *bytes, size_t length)
{
	const char *text = bytes, *end = bytes + length;
	uint64_t count, pair[2];

	for (const char *c = end - TAR_BLOCK; c < end; c++)
		tar->map_lines += *c == '\n';
	if (length > tar->header.size || length > EXTRA_MOST ||
		(tar->map_lines && !take_line(&text, end, &count)) ||
		(tar->map_lines && count > EXTRA_MOST))
		return bad(tar, tar->header.path, "wrong map of a sparse file");
	if (!tar->map_lines || tar->map_lines < 2 * count + 1) {
		tar->wanted += TAR_BLOCK;
		return 0;
	}
	tar->wanted = TAR_BLOCK;
	for (uint64_t i = 0; i < 2 * count; i++) {
		if (!take_line(&text, end, &pair[i % 2]))
			return bad(tar, tar->header.path, "wrong map of a sparse file");
		if (i % 2 && tar_pax_segment(&tar->arena, &tar->pax, pair[0], pair[1]) < 0)
			return -EBADMSG;
	}
	return deliver(tar, tar->header.size - length);
}

/* The bytes that were wanted are there. */
static int take(struct tar *tar, const char *bytes, size_t length)
{
	const unsigned char *block = (const unsigned char *)bytes;

	tar->position += tar->expect == EXPECT_MAP ? TAR_BLOCK : length;
	switch (tar->expect) {
	case EXPECT_EXTRA:
		return read_extra(tar, bytes);
	case EXPECT_OLD_MAP:
		return read_old_map(tar, block);
	case EXPECT_MAP:
		return read_map(tar, bytes, length);
	case EXPECT_LAST_ZERO:
		if (!tar_block_is_zero(block))
			return bad(tar, "", "entries behind the end");
		tar->expect = EXPECT_NOTHING;
		return 0;
	default:
		if (!tar_block_is_zero(block))
			return read_header(tar, block);
		tar->expect = EXPECT_LAST_ZERO;
		return 0;
	}
}

int tar_feed(struct tar *tar, const void *start, size_t length)
{
	const char *bytes = start;

	while (length) {
		uint64_t skip = tar_skippable(tar);
		size_t part;
		int r;

		if (skip) {
			part = skip < length ? (size_t)skip : length;
			tar_skip(tar, part);
		} else if (!tar->waited.length && length >= tar->wanted) {
			part = tar->wanted;
			r = take(tar, bytes, part);
			if (r < 0)
				return r;
			/* A map that goes on needs its beginning again. */
			if (tar->expect == EXPECT_MAP && part < tar->wanted)
				buffer_bytes(&tar->waited, bytes, part);
		} else {
			part = tar->wanted - tar->waited.length;
			part = part < length ? part : length;
			buffer_bytes(&tar->waited, bytes, part);
			if (tar->waited.length == tar->wanted) {
				r = take(tar, tar->waited.data, tar->waited.length);
				if (r < 0)
					return r;
				if (tar->expect != EXPECT_MAP || tar->waited.length >= tar->wanted)
					tar->waited.length = 0;
			}
		}
		bytes += part;
		length -= part;
	}
	return 0;
}

uint64_t tar_skippable(const struct tar *tar)
{
	if (tar->expect == EXPECT_CONTENT)
		return tar->left;
	return tar->expect == EXPECT_NOTHING ? UINT64_MAX : 0;
}

void tar_skip(struct tar *tar, uint64_t length)
{
	tar->position += length;
	if (tar->expect != EXPECT_CONTENT)
		return;
	tar->left -= length;
	if (!tar->left)
		tar->expect = EXPECT_HEADER;
}

int tar_finish(const struct tar *tar)
{
	if (tar->waited.length == 0 &&
		(tar->expect == EXPECT_HEADER || tar->expect == EXPECT_LAST_ZERO ||
			tar->expect == EXPECT_NOTHING))
		return 0;
	return error_set(EBADMSG, "the tar is cut off after %llu bytes",
		(unsigned long long)tar->position + tar->waited.length);
}
