/* SPDX-License-Identifier: Apache-2.0 */
#include "checkpoint/criu_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "checkpoint/protobuf.h"

#define FILES	   "files.img"
#define FILES_MOST ((size_t)256 * 1024 * 1024)

/* Two magic numbers, then per entry its length and a message file_entry (images/fdinfo.proto). */
#define MAGIC_BYTES 8

enum {
	ENTRY_REGULAR = 3, /* a message reg_file_entry (images/regfile.proto) */
	REGULAR_FLAGS = 2,
	REGULAR_POSITION = 3,
	REGULAR_SIZE = 8,
	REGULAR_EXTERNAL = 9,
	REGULAR_MODE = 10,
};

static void copy_field(struct buffer *to, const struct protobuf_field *field)
{
	if (field->bytes)
		protobuf_put_bytes(to, field->number, field->bytes, field->length);
	else
		protobuf_put_number(to, field->number, (int64_t)field->value);
}

/* A reg_file_entry that fits any file, if it is of an external file. */
static int loosen_regular(const struct protobuf_field *entry, struct buffer *loose, bool *external)
{
	struct protobuf_reader reader = { entry->bytes, entry->bytes + entry->length };
	struct protobuf_field field;
	int r;

	*external = false;
	while ((r = protobuf_next(&reader, &field)) > 0) {
		if (field.number == REGULAR_EXTERNAL)
			*external = field.value;
		/* CRIU opens what it is given anew: behind all that is there. */
		if (field.number == REGULAR_FLAGS && (field.value & O_ACCMODE) != O_RDONLY)
			field.value |= O_APPEND;
		if (field.number == REGULAR_POSITION)
			field.value = UINT64_MAX; /* CRIU: not to be set */
		if (field.number != REGULAR_SIZE && field.number != REGULAR_MODE)
			copy_field(loose, &field);
	}
	return r;
}

static int loosen_entry(
	const unsigned char *bytes, size_t length, struct buffer *changed, bool *any)
{
	_cleanup_buffer_ struct buffer entry = { 0 };
	struct protobuf_reader reader = { bytes, bytes + length };
	struct protobuf_field field;
	uint32_t size;
	int r;

	while ((r = protobuf_next(&reader, &field)) > 0) {
		_cleanup_buffer_ struct buffer loose = { 0 };
		bool external = false;

		if (field.number == ENTRY_REGULAR && field.bytes) {
			r = loosen_regular(&field, &loose, &external);
			if (r < 0)
				return r;
		}
		if (external)
			protobuf_put_bytes(&entry, field.number, loose.data, loose.length);
		else
			copy_field(&entry, &field);
		*any |= external;
	}
	size = (uint32_t)entry.length;
	buffer_bytes(changed, &size, sizeof(size));
	if (entry.length)
		buffer_bytes(changed, entry.data, entry.length);
	return r;
}

int criu_files_loosen_bytes(const void *bytes, size_t length, struct buffer *changed)
{
	const unsigned char *at = bytes, *end = at + length;
	bool any = false;

	if (length < MAGIC_BYTES)
		return -EBADMSG;
	buffer_bytes(changed, at, MAGIC_BYTES);
	at += MAGIC_BYTES;
	while (at < end) {
		uint32_t size;
		int r;

		if ((size_t)(end - at) < sizeof(size))
			return -EBADMSG;
		memcpy(&size, at, sizeof(size));
		at += sizeof(size);
		if (size > (size_t)(end - at))
			return -EBADMSG;
		r = loosen_entry(at, size, changed, &any);
		if (r < 0)
			return r;
		at += size;
	}
	return any;
}

int criu_files_loosen(int images_fd)
{
	_cleanup_buffer_ struct buffer bytes = { 0 }, changed = { 0 };
	int r = file_read_at(images_fd, FILES, &bytes, FILES_MOST);

	if (r >= 0)
		r = criu_files_loosen_bytes(bytes.data, bytes.length, &changed);
	if (r > 0)
		r = file_replace_at(images_fd, FILES, changed.data, changed.length, 0644);
	return r < 0 ? error_errno(r, FILES) : 0;
}
