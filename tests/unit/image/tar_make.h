/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_TESTS_UNIT_IMAGE_TAR_MAKE_H
#define HULL_TESTS_UNIT_IMAGE_TAR_MAKE_H

/* Tars as tests need them: also those that no program would write. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/buffer.h"

/* The sum of a header's bytes, once all else is in it. */
static inline void tar_sum(char *header)
{
	unsigned int sum = 0;

	memset(header + 148, ' ', 8);
	for (int i = 0; i < 512; i++)
		sum += (unsigned char)header[i];
	(void)snprintf(header + 148, 8, "%06o", sum);
}

static inline void tar_pad(struct buffer *tar)
{
	static const char zeros[512];

	buffer_bytes(tar, zeros, -tar->length % 512);
}

/* A header, and its content. Names of more than 100 bytes are cut off. */
static inline void tar_put_bytes(struct buffer *tar, const char *name, char type,
	const char *target, const void *content, size_t length)
{
	char header[512] = { 0 };

	memcpy(header, name, strnlen(name, 100));
	(void)snprintf(header + 100, 8, "%07o", type == '5' ? 0755 : 0644);
	(void)snprintf(header + 108, 8, "%07o", 0);
	(void)snprintf(header + 116, 8, "%07o", 0);
	(void)snprintf(header + 124, 12, "%011zo", length);
	(void)snprintf(header + 136, 12, "%011o", 1000);
	header[156] = type;
	memcpy(header + 157, target, strnlen(target, 100));
	memcpy(header + 257, "ustar\00000", 8);
	tar_sum(header);
	buffer_bytes(tar, header, sizeof(header));
	buffer_bytes(tar, content, length);
	tar_pad(tar);
}

static inline void tar_put(
	struct buffer *tar, const char *name, char type, const char *target, const char *content)
{
	tar_put_bytes(tar, name, type, target, content, strlen(content));
}

/* One pax record, whose length counts its own digits. */
static inline void tar_put_record(struct buffer *pax, const char *key, const char *value)
{
	size_t length = strlen(key) + strlen(value) + 3;
	char digits[32];
	int more = snprintf(digits, sizeof(digits), "%zu", length);

	more = snprintf(digits, sizeof(digits), "%zu", length + (size_t)more);
	more = snprintf(digits, sizeof(digits), "%zu", length + (size_t)more);
	buffer_format(pax, "%s %s=%s\n", digits, key, value);
}

static inline void tar_put_pax(struct buffer *tar, const char *key, const char *value)
{
	_cleanup_buffer_ struct buffer pax = { 0 };

	tar_put_record(&pax, key, value);
	tar_put_bytes(tar, "pax", 'x', "", pax.data, pax.length);
}

static inline void tar_put_end(struct buffer *tar)
{
	static const char zeros[1024];

	buffer_bytes(tar, zeros, sizeof(zeros));
}

#endif
