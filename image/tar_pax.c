/* SPDX-License-Identifier: Apache-2.0 */
/* pax records: "LENGTH KEY=VALUE\n", one behind the other (POSIX.1-2017, pax). */
#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "base/error.h"
#include "image/tar_header.h"

#define SEGMENTS_MOST (1u << 20)
#define XATTRS_MOST   1024u
#define XATTR_NAME    "SCHILY.xattr."

int tar_decimal(const char **text, const char *end, uint64_t *number)
{
	const char *c = *text;
	uint64_t value = 0;

	if (c == end || *c < '0' || *c > '9')
		return -EBADMSG;
	for (; c < end && *c >= '0' && *c <= '9'; c++)
		if (__builtin_mul_overflow(value, 10, &value) ||
			__builtin_add_overflow(value, (uint64_t)(*c - '0'), &value))
			return -EBADMSG;
	*text = c;
	*number = value;
	return value > INT64_MAX ? -EBADMSG : 0;
}

/* Arrays in the arena grow by doubling. */
static void *grow(struct arena *arena, void *items, size_t count, size_t *room, size_t bytes)
{
	void *more;

	if (count < *room)
		return items;
	*room = *room ? 2 * *room : 8;
	more = arena_allocate(arena, *room * bytes);
	if (count)
		memcpy(more, items, count * bytes);
	return more;
}

int tar_pax_segment(struct arena *arena, struct tar_pax *pax, uint64_t offset, uint64_t length)
{
	if (pax->segment_count == SEGMENTS_MOST)
		return error_set(EBADMSG, "a sparse file has more than %u segments", SEGMENTS_MOST);
	pax->segments = grow(arena, pax->segments, pax->segment_count, &pax->segment_room,
		sizeof(*pax->segments));
	pax->segments[pax->segment_count++] = (struct tar_segment){ offset, length };
	return 0;
}

static int read_number(const char *value, size_t length, uint64_t *number)
{
	const char *end = value + length;

	return tar_decimal(&value, end, number) < 0 || value != end ? -EBADMSG : 0;
}

/* "-12.5" is half a second after -13. */
static int read_time(const char *value, size_t length, struct tar_pax *pax)
{
	const char *end = value + length;
	bool negative = length && *value == '-';
	uint64_t seconds;
	uint32_t scale = 100000000;

	value += negative;
	pax->mtime_nanoseconds = 0;
	if (tar_decimal(&value, end, &seconds) < 0)
		return -EBADMSG;
	pax->mtime = negative ? -(int64_t)seconds : (int64_t)seconds;
	if (value < end && *value == '.')
		for (value++; value < end && *value >= '0' && *value <= '9'; value++) {
			pax->mtime_nanoseconds += (uint32_t)(*value - '0') * scale;
			scale /= 10;
		}
	if (negative && pax->mtime_nanoseconds) {
		pax->mtime--;
		pax->mtime_nanoseconds = 1000000000 - pax->mtime_nanoseconds;
	}
	pax->has_mtime = true;
	return value == end ? 0 : -EBADMSG;
}

/* "OFFSET,LENGTH,OFFSET,LENGTH…" */
static int read_map(struct arena *arena, const char *value, size_t length, struct tar_pax *pax)
{
	const char *end = value + length;

	pax->segment_count = 0;
	while (value < end) {
		uint64_t offset, bytes;

		if (tar_decimal(&value, end, &offset) < 0 || value == end || *value != ',')
			return -EBADMSG;
		value++;
		if (tar_decimal(&value, end, &bytes) < 0 || (value < end && *value != ','))
			return -EBADMSG;
		value += value < end;
		if (tar_pax_segment(arena, pax, offset, bytes) < 0)
			return -EBADMSG;
	}
	return 0;
}

/* GNU.sparse.*, without that (GNU tar's manual, "Storing Sparse Files"). */
static int read_sparse(
	struct arena *arena, const char *key, const char *value, size_t length, struct tar_pax *pax)
{
	uint64_t number = 0;

	pax->sparse = true;
	if (!strcmp(key, "name")) {
		pax->sparse_name = arena_copy(arena, value, length);
		return 0;
	}
	if (!strcmp(key, "map"))
		return read_map(arena, value, length, pax);
	if (read_number(value, length, &number) < 0)
		return -EBADMSG;
	if (!strcmp(key, "size") || !strcmp(key, "realsize")) {
		pax->has_real_size = true;
		pax->real_size = number;
	} else if (!strcmp(key, "major")) {
		pax->sparse_map_in_data = number == 1;
		return number <= 1 ? 0 : -EBADMSG;
	} else if (!strcmp(key, "offset")) {
		return tar_pax_segment(arena, pax, number, 0);
	} else if (!strcmp(key, "numbytes")) {
		if (!pax->segment_count)
			return -EBADMSG;
		pax->segments[pax->segment_count - 1].length = number;
	}
	return 0;
}

static int read_xattr(struct arena *arena, const char *name, const char *value, size_t length,
	struct tar_pax *pax)
{
	size_t i = 0;

	while (i < pax->xattr_count && strcmp(pax->xattrs[i].name, name) != 0)
		i++;
	if (i == XATTRS_MOST || length > UINT16_MAX || strlen(name) > UINT8_MAX || !*name)
		return -EBADMSG;
	if (i == pax->xattr_count) {
		pax->xattrs = grow(arena, pax->xattrs, pax->xattr_count, &pax->xattr_room,
			sizeof(*pax->xattrs));
		pax->xattr_count++;
	}
	pax->xattrs[i] = (struct tar_xattr){
		.name = name,
		.name_length = strlen(name),
		.value = arena_copy(arena, value, length),
		.length = length,
	};
	return 0;
}

/* An empty value takes the record back; comments and what is unknown do nothing. */
static int read_record(
	struct arena *arena, const char *key, const char *value, size_t length, struct tar_pax *pax)
{
	const struct {
		const char *key, **text;
	} texts[] = { { "path", &pax->path }, { "linkpath", &pax->target } };
	const struct {
		const char *key;
		bool *has;
		uint64_t *number;
	} numbers[] = {
		{ "size", &pax->has_size, &pax->size },
		{ "uid", &pax->has_uid, &pax->uid },
		{ "gid", &pax->has_gid, &pax->gid },
	};

	if (!strncmp(key, XATTR_NAME, strlen(XATTR_NAME)))
		return read_xattr(arena, key + strlen(XATTR_NAME), value, length, pax);
	if (!strncmp(key, "GNU.sparse.", 11))
		return read_sparse(arena, key + 11, value, length, pax);
	if (!strcmp(key, "mtime"))
		return length ? read_time(value, length, pax) : (pax->has_mtime = false);
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		if (strcmp(key, texts[i].key) != 0)
			continue;
		*texts[i].text = length ? arena_copy(arena, value, length) : NULL;
		return memchr(value, '\0', length) ? -EBADMSG : 0;
	}
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		if (strcmp(key, numbers[i].key) != 0)
			continue;
		*numbers[i].has = length;
		return length ? read_number(value, length, numbers[i].number) : 0;
	}
	return 0;
}

int tar_pax_read(struct arena *arena, const char *bytes, size_t length, struct tar_pax *pax)
{
	const char *end = bytes + length;

	while (bytes < end && *bytes) {
		const char *record = bytes, *next, *equals;
		const char *key;
		uint64_t size;

		if (tar_decimal(&bytes, end, &size) < 0 || bytes == end || *bytes != ' ' ||
			size > (uint64_t)(end - record))
			return error_set(EBADMSG, "wrong length in a pax header");
		next = record + size;
		bytes++;
		if (next <= bytes || next[-1] != '\n')
			return error_set(
				EBADMSG, "a pax header's record does not end in a line feed");
		equals = memchr(bytes, '=', (size_t)(next - bytes));
		if (!equals || equals == bytes || memchr(bytes, '\0', (size_t)(equals - bytes)))
			return error_set(EBADMSG, "a pax header's record has no key");
		key = arena_copy(arena, bytes, (size_t)(equals - bytes));
		if (read_record(arena, key, equals + 1, (size_t)(next - 1 - (equals + 1)), pax) < 0)
			return error_set(EBADMSG, "wrong value of \"%s\" in a pax header", key);
		bytes = next;
	}
	return 0;
}
