/* SPDX-License-Identifier: Apache-2.0 */
#include "image/layer_table.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "image/draft.h"
#include "image/store_folder.h"

#define MAGIC	    "hull layer 1\n"
#define MAGIC_BYTES 16u
#define TABLE_MOST  (4ull << 30)
#define LOOK_BYTES  2048u

/*
 * An entry: this, path and target with their NUL, zeros up to 8 bytes, the segments, then
 * for each xattr two lengths (uint32_t), the name with its NUL and the value; zeros up to 8.
 */
struct row {
	uint32_t bytes; /* all of it */
	uint32_t type, mode, uid, gid, major, minor, mtime_nanoseconds;
	int64_t mtime;
	uint64_t size, offset;
	uint32_t path_length, target_length, segments, xattrs;
	uint32_t sparse, unused;
};

static void pad(struct buffer *table)
{
	buffer_bytes(table, "\0\0\0\0\0\0\0", -table->length & 7);
}

void layer_table_add(struct buffer *table, const struct tar_entry *entry)
{
	struct row row = {
		.type = entry->type,
		.mode = entry->mode,
		.uid = entry->uid,
		.gid = entry->gid,
		.major = entry->major,
		.minor = entry->minor,
		.mtime = entry->mtime,
		.mtime_nanoseconds = entry->mtime_nanoseconds,
		.size = entry->size,
		.offset = entry->offset,
		.path_length = (uint32_t)strlen(entry->path),
		.target_length = (uint32_t)strlen(entry->target),
		.segments = (uint32_t)entry->segment_count,
		.xattrs = (uint32_t)entry->xattr_count,
		.sparse = entry->sparse,
	};
	size_t begin;

	if (!table->length)
		buffer_bytes(table, MAGIC "\0\0", MAGIC_BYTES);
	begin = table->length;
	buffer_bytes(table, &row, sizeof(row));
	buffer_bytes(table, entry->path, row.path_length + 1);
	buffer_bytes(table, entry->target, row.target_length + 1);
	pad(table);
	if (row.segments)
		buffer_bytes(table, entry->segments, row.segments * sizeof(*entry->segments));
	for (size_t i = 0; i < entry->xattr_count; i++) {
		const struct tar_xattr *xattr = &entry->xattrs[i];
		const uint32_t lengths[2] = { (uint32_t)xattr->name_length,
			(uint32_t)xattr->length };

		buffer_bytes(table, lengths, sizeof(lengths));
		buffer_bytes(table, xattr->name, xattr->name_length + 1);
		buffer_bytes(table, xattr->value, xattr->length);
	}
	pad(table);
	row.bytes = (uint32_t)(table->length - begin);
	memcpy(table->data + begin, &row, sizeof(row));
}

void layer_table_end(struct buffer *table)
{
	struct digest digest;

	if (!table->length)
		buffer_bytes(table, MAGIC "\0\0", MAGIC_BYTES);
	digest_of(table->data, table->length, &digest);
	buffer_bytes(table, digest.hex, DIGEST_HEX);
}

void layer_table_free(struct layer_table *table)
{
	buffer_free(&table->bytes);
}

static bool is_whole(const struct buffer *bytes)
{
	struct digest digest;
	size_t length = bytes->length - DIGEST_HEX;

	if (bytes->length < MAGIC_BYTES + DIGEST_HEX ||
		memcmp(bytes->data, MAGIC, strlen(MAGIC)) != 0)
		return false;
	digest_of(bytes->data, length, &digest);
	return !memcmp(bytes->data + length, digest.hex, DIGEST_HEX);
}

static int add_entry(void *context, const struct tar_entry *entry)
{
	layer_table_add(context, entry);
	return 0;
}

int layer_table_scan(int tar_fd, struct buffer *table)
{
	_cleanup_tar_ struct tar *tar = tar_begin(add_entry, table);
	_cleanup_free_ char *bytes = memory_allocate(LOOK_BYTES);
	uint64_t offset = 0;
	struct stat st;
	int r = 0;

	if (fstat(tar_fd, &st) < 0)
		return error_errno(errno, "cannot read a layer's tar");
	while (r >= 0 && offset < (uint64_t)st.st_size) {
		uint64_t skip = tar_skippable(tar), left = (uint64_t)st.st_size - offset;
		ssize_t length;

		if (skip) {
			skip = skip < left ? skip : left;
			tar_skip(tar, skip);
			offset += skip;
			continue;
		}
		/* A header, and what is small and stands right behind it. */
		length = pread(tar_fd, bytes, LOOK_BYTES, (off_t)offset);
		if (length <= 0)
			return error_errno(length ? errno : EIO, "cannot read a layer's tar");
		r = tar_feed(tar, bytes, (size_t)length);
		offset += (uint64_t)length;
	}
	if (r >= 0)
		r = tar_finish(tar);
	if (r >= 0)
		layer_table_end(table);
	return r;
}

int layer_table_load(struct store *store, const struct digest *diff_id, struct layer_table *table)
{
	int layers = store_folder(store, STORE_LAYERS), r;
	_cleanup_close_ int fd = -EBADF;

	r = file_read_at(layers, STORE_FILE(diff_id, ".table"), &table->bytes, TABLE_MOST);
	if (r >= 0 && is_whole(&table->bytes))
		return 0;
	table->bytes.length = 0;
	fd = openat(layers, STORE_FILE(diff_id, ".tar"), O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return error_errno(errno, "layer %s", DIGEST_SHOW(diff_id));
	r = layer_table_scan(fd, &table->bytes);
	if (r < 0)
		return error_context(r, "layer %s", DIGEST_SHOW(diff_id));
	/* For the next time; a store that cannot be written to is no reason to fail. */
	r = draft_write(store, layers, STORE_FILE(diff_id, ".table"), true, table->bytes.data,
		table->bytes.length);
	if (r < 0)
		error_clear();
	return 0;
}

static const char *padded_end(const char *begin, const char *at)
{
	return at + (-(size_t)(at - begin) & 7);
}

/* The table's digest was right: hull wrote it. */
static void read_row(
	struct arena *arena, const char *bytes, const struct row *row, struct tar_entry *entry)
{
	const char *at = bytes + sizeof(*row);
	struct tar_segment *segments = NULL;
	struct tar_xattr *xattrs = NULL;

	*entry = (struct tar_entry){
		.type = row->type,
		.path = at,
		.target = at + row->path_length + 1,
		.mode = row->mode,
		.uid = row->uid,
		.gid = row->gid,
		.major = row->major,
		.minor = row->minor,
		.mtime = row->mtime,
		.mtime_nanoseconds = row->mtime_nanoseconds,
		.size = row->size,
		.offset = row->offset,
		.sparse = row->sparse,
		.segment_count = row->segments,
		.xattr_count = row->xattrs,
	};
	at = padded_end(bytes, entry->target + row->target_length + 1);
	if (row->segments) {
		segments = arena_allocate(arena, row->segments * sizeof(*segments));
		memcpy(segments, at, row->segments * sizeof(*segments));
	}
	entry->segments = segments;
	at += row->segments * sizeof(*segments);
	if (row->xattrs)
		xattrs = arena_allocate(arena, row->xattrs * sizeof(*xattrs));
	for (uint32_t i = 0; i < row->xattrs; i++) {
		uint32_t lengths[2];

		memcpy(lengths, at, sizeof(lengths));
		at += sizeof(lengths);
		xattrs[i] = (struct tar_xattr){ .name = at,
			.name_length = lengths[0],
			.value = at + lengths[0] + 1,
			.length = lengths[1] };
		at += lengths[0] + 1 + lengths[1];
	}
	entry->xattrs = xattrs;
}

int layer_table_each(const struct layer_table *table, struct arena *arena,
	int (*visit)(void *context, const struct tar_entry *entry), void *context)
{
	const char *at = table->bytes.data + MAGIC_BYTES;
	const char *end = table->bytes.data + table->bytes.length - DIGEST_HEX;
	int r = 0;

	while (r >= 0 && at < end) {
		struct tar_entry entry;
		struct row row;

		memcpy(&row, at, sizeof(row));
		read_row(arena, at, &row, &entry);
		r = visit(context, &entry);
		at += row.bytes;
	}
	return r;
}
