/* SPDX-License-Identifier: Apache-2.0 */
#include "image/tar_header.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"

/* Offsets in a header (POSIX.1-2017, pax, "ustar Interchange Format"). */
enum {
	AT_NAME = 0,
	AT_MODE = 100,
	AT_UID = 108,
	AT_GID = 116,
	AT_SIZE = 124,
	AT_MTIME = 136,
	AT_CHECKSUM = 148,
	AT_TYPE = 156,
	AT_TARGET = 157,
	AT_MAGIC = 257,
	AT_MAJOR = 329,
	AT_MINOR = 337,
	AT_PREFIX = 345,
};

bool tar_block_is_zero(const unsigned char *block)
{
	return block[0] == 0 && !memcmp(block, block + 1, TAR_BLOCK - 1);
}

/* GNU tar and star: the first bit set, then a big-endian number in two's complement. */
static int base256(const unsigned char *field, size_t length, int64_t *number)
{
	bool negative = field[0] & 0x40;
	uint64_t value = negative ? ~(uint64_t)0 : 0;

	for (size_t i = 0; i < length; i++) {
		unsigned char byte = field[i];

		if (i == 0)
			byte = negative ? byte | 0x80 : byte & 0x7f;
		if ((value >> 55) != (negative ? 0x1ff : 0))
			return -EBADMSG;
		value = value << 8 | byte;
	}
	*number = (int64_t)value;
	return 0;
}

int tar_number(const unsigned char *field, size_t length, int64_t *number)
{
	size_t i = 0;
	int64_t value = 0;

	if (field[0] & 0x80)
		return base256(field, length, number);
	while (i < length && field[i] == ' ')
		i++;
	for (; i < length && field[i] >= '0' && field[i] <= '7'; i++) {
		if (value >> 60)
			return -EBADMSG;
		value = value << 3 | (field[i] - '0');
	}
	if (i < length && field[i] != ' ' && field[i] != '\0')
		return -EBADMSG;
	*number = value;
	return 0;
}

/* Some old programs added the bytes as signed ones. */
static int check_sum(const unsigned char *block)
{
	int64_t wanted, plain = 0, with_sign = 0;

	if (tar_number(block + AT_CHECKSUM, 8, &wanted) < 0)
		return -EBADMSG;
	for (size_t i = 0; i < TAR_BLOCK; i++) {
		unsigned char byte = i >= AT_CHECKSUM && i < AT_CHECKSUM + 8 ? ' ' : block[i];

		plain += byte;
		with_sign += (signed char)byte;
	}
	return wanted == plain || wanted == with_sign ? 0 : -EBADMSG;
}

static void read_path(const unsigned char *block, bool posix, struct tar_header *header)
{
	const char *name = (const char *)block + AT_NAME, *prefix = (const char *)block + AT_PREFIX;
	int name_length = (int)strnlen(name, 100), prefix_length = (int)strnlen(prefix, 155);

	if (posix && prefix_length)
		(void)snprintf(header->path, sizeof(header->path), "%.*s/%.*s", prefix_length,
			prefix, name_length, name);
	else
		(void)snprintf(header->path, sizeof(header->path), "%.*s", name_length, name);
	(void)snprintf(header->target, sizeof(header->target), "%.*s",
		(int)strnlen((const char *)block + AT_TARGET, 100), block + AT_TARGET);
}

int tar_header_read(const unsigned char *block, struct tar_header *header)
{
	const struct {
		size_t offset, length;
		uint64_t *into;
		const char *name;
	} fields[] = {
		{ AT_MODE, 8, &header->mode, "mode" },
		{ AT_UID, 8, &header->uid, "uid" },
		{ AT_GID, 8, &header->gid, "gid" },
		{ AT_SIZE, 12, &header->size, "size" },
		{ AT_MAJOR, 8, &header->major, "device number" },
		{ AT_MINOR, 8, &header->minor, "device number" },
	};
	bool ustar = !memcmp(block + AT_MAGIC, "ustar\0", 6);

	*header = (struct tar_header){ .type = (char)block[AT_TYPE] };
	if (check_sum(block) < 0)
		return error_set(EBADMSG, "no tar header (wrong checksum)");
	header->gnu = !memcmp(block + AT_MAGIC, "ustar  ", 7);
	read_path(block, ustar, header);
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		int64_t number = 0;

		/* The first form of tar has no device numbers. */
		if (fields[i].offset >= AT_MAJOR && !ustar && !header->gnu)
			continue;
		if (tar_number(block + fields[i].offset, fields[i].length, &number) < 0 ||
			number < 0)
			return error_set(EBADMSG, "\"%s\": wrong %s in its header", header->path,
				fields[i].name);
		*fields[i].into = (uint64_t)number;
	}
	if (tar_number(block + AT_MTIME, 12, &header->mtime) < 0)
		return error_set(EBADMSG, "\"%s\": wrong time in its header", header->path);
	return 0;
}
