/* SPDX-License-Identifier: Apache-2.0 */
#include "image/tar_write.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"

#define NAME_BYTES    100
#define OCTAL_7_MOST  07777777u
#define OCTAL_11_MOST 077777777777u

/* POSIX.1-2017, pax, "ustar Interchange Format". */
struct ustar {
	char name[NAME_BYTES], mode[8], uid[8], gid[8], size[12], mtime[12], checksum[8], type;
	char target[NAME_BYTES], magic[6], version[2], user[32], group[32], major[8], minor[8];
	char prefix[155], padding[12];
};

_Static_assert(sizeof(struct ustar) == TAR_BLOCK, "a header is a block");

static const char types[] = {
	[TAR_FILE] = '0',
	[TAR_FOLDER] = '5',
	[TAR_SYMLINK] = '2',
	[TAR_LINK] = '1',
	[TAR_CHARACTER] = '3',
	[TAR_BLOCK_DEVICE] = '4',
	[TAR_FIFO] = '6',
};

static void put_octal(char *field, size_t size, uint64_t value)
{
	char text[24];

	(void)snprintf(text, sizeof(text), "%0*" PRIo64, (int)size - 1, value);
	memcpy(field, text, size);
}

static void put_text(char *field, size_t size, const char *text)
{
	size_t length = strlen(text);

	memcpy(field, text, length < size ? length : size);
}

static void put_block(
	struct buffer *buffer, const struct tar_entry *entry, char type, uint64_t size)
{
	struct ustar header = { .type = type, .magic = "ustar", .version = { '0', '0' } };
	const unsigned char *bytes = (const unsigned char *)&header;
	unsigned int sum = 0;

	put_text(header.name, sizeof(header.name), entry->path);
	put_text(header.target, sizeof(header.target), entry->target);
	put_octal(header.mode, sizeof(header.mode), entry->mode & 07777);
	put_octal(header.uid, sizeof(header.uid), entry->uid > OCTAL_7_MOST ? 0 : entry->uid);
	put_octal(header.gid, sizeof(header.gid), entry->gid > OCTAL_7_MOST ? 0 : entry->gid);
	put_octal(header.size, sizeof(header.size), size > OCTAL_11_MOST ? 0 : size);
	put_octal(header.mtime, sizeof(header.mtime),
		entry->mtime < 0 || entry->mtime > (int64_t)OCTAL_11_MOST ? 0
									  : (uint64_t)entry->mtime);
	put_octal(header.major, sizeof(header.major), entry->major & OCTAL_7_MOST);
	put_octal(header.minor, sizeof(header.minor), entry->minor & OCTAL_7_MOST);
	memset(header.checksum, ' ', sizeof(header.checksum));
	for (size_t i = 0; i < sizeof(header); i++)
		sum += bytes[i];
	(void)snprintf(header.checksum, sizeof(header.checksum), "%06o", sum);
	buffer_bytes(buffer, &header, sizeof(header));
}

/* "LENGTH KEY=VALUE\n", where LENGTH counts itself too. */
static void add_record(struct buffer *records, const char *key, const void *value, size_t length)
{
	size_t rest = strlen(key) + length + 3, whole = rest + 1;
	char digits[24];

	for (;;) {
		size_t n = (size_t)snprintf(digits, sizeof(digits), "%zu", whole);

		if (rest + n == whole)
			break;
		whole = rest + n;
	}
	buffer_format(records, "%zu %s=", whole, key);
	buffer_bytes(records, value, length);
	buffer_text(records, "\n");
}

static void add_text(struct buffer *records, const char *key, const char *text)
{
	add_record(records, key, text, strlen(text));
}

static void add_number(struct buffer *records, const char *key, uint64_t number)
{
	char text[24];

	(void)snprintf(text, sizeof(text), "%" PRIu64, number);
	add_text(records, key, text);
}

static void add_mtime(struct buffer *records, const struct tar_entry *entry)
{
	int64_t seconds = entry->mtime;
	uint32_t nanoseconds = entry->mtime_nanoseconds;
	char text[48];

	if (seconds >= 0 && seconds <= (int64_t)OCTAL_11_MOST && !nanoseconds)
		return;
	/* -1 s + 0.75 s is written as -0.25. */
	if (seconds < 0 && nanoseconds)
		(void)snprintf(text, sizeof(text), "-%" PRId64 ".%09u", -(seconds + 1),
			1000000000u - nanoseconds);
	else
		(void)snprintf(text, sizeof(text), "%" PRId64 ".%09u", seconds, nanoseconds);
	add_text(records, "mtime", text);
}

static void collect_records(struct buffer *records, const struct tar_entry *entry)
{
	add_mtime(records, entry);
	if (entry->uid > OCTAL_7_MOST)
		add_number(records, "uid", entry->uid);
	if (entry->gid > OCTAL_7_MOST)
		add_number(records, "gid", entry->gid);
	if (strlen(entry->path) > NAME_BYTES)
		add_text(records, "path", entry->path);
	if (strlen(entry->target) > NAME_BYTES)
		add_text(records, "linkpath", entry->target);
	if (entry->type == TAR_FILE && entry->size > OCTAL_11_MOST)
		add_number(records, "size", entry->size);
	for (size_t i = 0; i < entry->xattr_count; i++) {
		_cleanup_free_ char *key = string_format("SCHILY.xattr.%.*s",
			(int)entry->xattrs[i].name_length, entry->xattrs[i].name);

		add_record(records, key, entry->xattrs[i].value, entry->xattrs[i].length);
	}
}

void tar_write_header(struct buffer *buffer, const struct tar_entry *entry)
{
	_cleanup_buffer_ struct buffer records = { 0 };
	static const char zeros[TAR_BLOCK];

	collect_records(&records, entry);
	if (records.length) {
		struct tar_entry pax = { .path = "PaxHeaders/hull", .target = "", .mode = 0644 };

		put_block(buffer, &pax, 'x', records.length);
		buffer_bytes(buffer, records.data, records.length);
		buffer_bytes(buffer, zeros, tar_padding(records.length));
	}
	put_block(buffer, entry, types[entry->type], entry->type == TAR_FILE ? entry->size : 0);
}
