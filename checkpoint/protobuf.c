/* SPDX-License-Identifier: Apache-2.0 */
#include "checkpoint/protobuf.h"

#include <errno.h>
#include <string.h>

/* The lower three bits in front of each field. */
enum wire_type { WIRE_VARINT, WIRE_FIXED64, WIRE_BYTES, WIRE_FIXED32 = 5 };

#define WIRE_TYPE_BITS 3
#define FIELD_MOST     ((1u << 29) - 1)
#define VARINT_BYTES   10

static void put_varint(struct buffer *buffer, uint64_t value)
{
	unsigned char bytes[VARINT_BYTES];
	size_t length = 0;

	for (; value > 0x7f; value >>= 7)
		bytes[length++] = (unsigned char)(value | 0x80);
	bytes[length++] = (unsigned char)value;
	buffer_bytes(buffer, bytes, length);
}

void protobuf_put_number(struct buffer *buffer, uint32_t field, int64_t value)
{
	put_varint(buffer, (uint64_t)field << WIRE_TYPE_BITS | WIRE_VARINT);
	put_varint(buffer, (uint64_t)value);
}

void protobuf_put_bytes(struct buffer *buffer, uint32_t field, const void *bytes, size_t length)
{
	put_varint(buffer, (uint64_t)field << WIRE_TYPE_BITS | WIRE_BYTES);
	put_varint(buffer, length);
	if (length)
		buffer_bytes(buffer, bytes, length);
}

void protobuf_put_text(struct buffer *buffer, uint32_t field, const char *text)
{
	protobuf_put_bytes(buffer, field, text, strlen(text));
}

static int get_varint(struct protobuf_reader *reader, uint64_t *value)
{
	*value = 0;
	for (unsigned int i = 0; i < VARINT_BYTES && reader->at < reader->end; i++) {
		unsigned char byte = *reader->at++;

		/* The tenth has room for the last of 64 bits alone. */
		if (i == VARINT_BYTES - 1 && byte > 1)
			return -EBADMSG;
		*value |= (uint64_t)(byte & 0x7f) << (7 * i);
		if (!(byte & 0x80))
			return 0;
	}
	return -EBADMSG;
}

static int get_bytes(struct protobuf_reader *reader, size_t length, const unsigned char **bytes)
{
	if (length > (size_t)(reader->end - reader->at))
		return -EBADMSG;
	*bytes = reader->at;
	reader->at += length;
	return 0;
}

/* What is behind the number of a field; 1 when it is of a kind that nobody asks for. */
static int get_value(
	struct protobuf_reader *reader, enum wire_type type, struct protobuf_field *field)
{
	const unsigned char *skipped;
	uint64_t length = 0;
	int r;

	switch (type) {
	case WIRE_VARINT:
		return get_varint(reader, &field->value);
	case WIRE_BYTES:
		r = get_varint(reader, &length);
		field->length = (size_t)length;
		return r < 0 ? r : get_bytes(reader, field->length, &field->bytes);
	case WIRE_FIXED64:
	case WIRE_FIXED32:
		r = get_bytes(reader, type == WIRE_FIXED64 ? 8 : 4, &skipped);
		return r < 0 ? r : 1;
	default:
		return -EBADMSG;
	}
}

int protobuf_next(struct protobuf_reader *reader, struct protobuf_field *field)
{
	uint64_t key;
	int r;

	do {
		if (reader->at >= reader->end)
			return 0;
		*field = (struct protobuf_field){ 0 };
		r = get_varint(reader, &key);
		if (r < 0)
			return r;
		if (!(key >> WIRE_TYPE_BITS) || key >> WIRE_TYPE_BITS > FIELD_MOST)
			return -EBADMSG;
		field->number = (uint32_t)(key >> WIRE_TYPE_BITS);
		r = get_value(reader, (enum wire_type)(key & 7), field);
	} while (r == 1);
	return r < 0 ? r : 1;
}
