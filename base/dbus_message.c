/* SPDX-License-Identifier: Apache-2.0 */
#include "base/dbus_message.h"

#include <errno.h>
#include <string.h>

#define HEADER_FIXED 16 /* up to and with the length of the array of fields */

enum header_field {
	FIELD_PATH = 1,
	FIELD_INTERFACE = 2,
	FIELD_MEMBER = 3,
	FIELD_ERROR_NAME = 4,
	FIELD_REPLY_SERIAL = 5,
	FIELD_DESTINATION = 6,
	FIELD_SENDER = 7,
	FIELD_SIGNATURE = 8,
};

/* ---- writing --------------------------------------------------------------------------------- */

static void writer_align(struct dbus_writer *writer, size_t alignment)
{
	static const char zeros[8];

	buffer_bytes(&writer->bytes, zeros, -writer->bytes.length & (alignment - 1));
}

static void writer_number(struct dbus_writer *writer, uint64_t value, size_t size)
{
	uint8_t bytes[8];

	for (size_t i = 0; i < size; i++)
		bytes[i] = (uint8_t)(value >> (8 * i));
	writer_align(writer, size);
	buffer_bytes(&writer->bytes, bytes, size);
}

void dbus_writer_free(struct dbus_writer *writer)
{
	buffer_free(&writer->bytes);
}

void dbus_put_byte(struct dbus_writer *writer, uint8_t value)
{
	writer_number(writer, value, 1);
}

void dbus_put_bool(struct dbus_writer *writer, bool value)
{
	writer_number(writer, value, 4);
}

void dbus_put_uint32(struct dbus_writer *writer, uint32_t value)
{
	writer_number(writer, value, 4);
}

void dbus_put_uint64(struct dbus_writer *writer, uint64_t value)
{
	writer_number(writer, value, 8);
}

void dbus_put_string(struct dbus_writer *writer, const char *text)
{
	size_t length = strlen(text);

	dbus_put_uint32(writer, (uint32_t)length);
	buffer_bytes(&writer->bytes, text, length + 1);
}

void dbus_put_signature(struct dbus_writer *writer, const char *text)
{
	size_t length = strlen(text);

	dbus_put_byte(writer, (uint8_t)length);
	buffer_bytes(&writer->bytes, text, length + 1);
}

void dbus_put_struct(struct dbus_writer *writer)
{
	writer_align(writer, 8);
}

size_t dbus_begin_array(struct dbus_writer *writer, size_t alignment)
{
	size_t begin;

	dbus_put_uint32(writer, 0);
	begin = writer->bytes.length;
	/* The padding in front of the first element counts for nothing. */
	writer_align(writer, alignment);
	return begin;
}

void dbus_end_array(struct dbus_writer *writer, size_t begin, size_t alignment)
{
	size_t first = begin + (-begin & (alignment - 1));
	uint32_t length = (uint32_t)(writer->bytes.length - first);

	for (size_t i = 0; i < 4; i++)
		writer->bytes.data[begin - 4 + i] = (char)(length >> (8 * i));
}

static void field_write(struct dbus_writer *writer, enum header_field field, const char *text)
{
	if (!text)
		return;
	dbus_put_struct(writer);
	dbus_put_byte(writer, (uint8_t)field);
	if (field == FIELD_SIGNATURE) {
		dbus_put_signature(writer, "g");
		dbus_put_signature(writer, text);
	} else {
		dbus_put_signature(writer, field == FIELD_PATH ? "o" : "s");
		dbus_put_string(writer, text);
	}
}

void dbus_message_write(struct buffer *bytes, const struct dbus_message *message)
{
	_cleanup_dbus_writer_ struct dbus_writer writer = { 0 };
	size_t fields;

	dbus_put_byte(&writer, 'l');
	dbus_put_byte(&writer, (uint8_t)message->type);
	dbus_put_byte(&writer, 0); /* flags */
	dbus_put_byte(&writer, 1); /* version */
	dbus_put_uint32(&writer, (uint32_t)message->body_length);
	dbus_put_uint32(&writer, message->serial);
	fields = dbus_begin_array(&writer, 8);
	field_write(&writer, FIELD_PATH, message->path);
	field_write(&writer, FIELD_INTERFACE, message->interface);
	field_write(&writer, FIELD_MEMBER, message->member);
	field_write(&writer, FIELD_ERROR_NAME, message->error_name);
	if (message->reply_serial) {
		dbus_put_struct(&writer);
		dbus_put_byte(&writer, FIELD_REPLY_SERIAL);
		dbus_put_signature(&writer, "u");
		dbus_put_uint32(&writer, message->reply_serial);
	}
	field_write(&writer, FIELD_DESTINATION, message->destination);
	field_write(&writer, FIELD_SENDER, message->sender);
	if (message->signature && *message->signature)
		field_write(&writer, FIELD_SIGNATURE, message->signature);
	dbus_end_array(&writer, fields, 8);
	writer_align(&writer, 8);
	buffer_bytes(bytes, writer.bytes.data, writer.bytes.length);
	buffer_bytes(bytes, message->body, message->body_length);
}

/* ---- reading --------------------------------------------------------------------------------- */

/* So many bytes, behind the padding that their alignment needs; NULL when there are fewer. */
static const uint8_t *reader_take(struct dbus_reader *reader, size_t size, size_t alignment)
{
	size_t padding = -reader->at & (alignment - 1);
	const uint8_t *taken;

	if (reader->bad || padding > reader->length - reader->at ||
		size > reader->length - reader->at - padding) {
		reader->bad = true;
		return NULL;
	}
	reader->at += padding;
	taken = reader->bytes + reader->at;
	reader->at += size;
	return taken;
}

static uint64_t reader_number(struct dbus_reader *reader, size_t size)
{
	const uint8_t *bytes = reader_take(reader, size, size);
	uint64_t value = 0;

	for (size_t i = 0; bytes && i < size; i++)
		value |= (uint64_t)bytes[reader->big_endian ? size - 1 - i : i] << (8 * i);
	return value;
}

static const char *reader_text(struct dbus_reader *reader, size_t length)
{
	/* In 64 bits the length and its NUL cannot overflow. */
	const uint8_t *text = reader_take(reader, length + 1, 1);

	if (text && (text[length] || memchr(text, '\0', length)))
		reader->bad = true;
	return text && !reader->bad ? (const char *)text : "";
}

uint8_t dbus_get_byte(struct dbus_reader *reader)
{
	return (uint8_t)reader_number(reader, 1);
}

uint32_t dbus_get_uint32(struct dbus_reader *reader)
{
	return (uint32_t)reader_number(reader, 4);
}

uint64_t dbus_get_uint64(struct dbus_reader *reader)
{
	return reader_number(reader, 8);
}

const char *dbus_get_string(struct dbus_reader *reader)
{
	return reader_text(reader, dbus_get_uint32(reader));
}

const char *dbus_get_signature(struct dbus_reader *reader)
{
	return reader_text(reader, dbus_get_byte(reader));
}

struct dbus_reader dbus_reader_of(const struct dbus_message *message, const char *signature)
{
	return (struct dbus_reader){
		.bytes = message->body,
		.length = message->body_length,
		.big_endian = message->big_endian,
		.bad = strncmp(message->signature, signature, strlen(signature)) != 0,
	};
}

int dbus_message_size(const void *bytes, size_t have, size_t *size)
{
	struct dbus_reader reader = { .bytes = bytes, .length = have };
	uint32_t body, fields;

	*size = 0;
	if (have < HEADER_FIXED)
		return 0;
	if ((reader.bytes[0] != 'l' && reader.bytes[0] != 'B') || reader.bytes[3] != 1)
		return -EBADMSG;
	reader.big_endian = reader.bytes[0] == 'B';
	reader.at = 4;
	body = dbus_get_uint32(&reader);
	(void)dbus_get_uint32(&reader);
	fields = dbus_get_uint32(&reader);
	if (body > DBUS_MESSAGE_BYTES_MOST || fields > DBUS_MESSAGE_BYTES_MOST)
		return -EBADMSG;
	*size = HEADER_FIXED + ((fields + 7u) & ~7u) + body;
	return 0;
}

/* Where a field of the header is kept; NULL: those that are not for us. */
static const char **field_place(struct dbus_message *message, uint8_t field)
{
	switch (field) {
	case FIELD_PATH:
		return &message->path;
	case FIELD_INTERFACE:
		return &message->interface;
	case FIELD_MEMBER:
		return &message->member;
	case FIELD_ERROR_NAME:
		return &message->error_name;
	case FIELD_DESTINATION:
		return &message->destination;
	case FIELD_SENDER:
		return &message->sender;
	case FIELD_SIGNATURE:
		return &message->signature;
	default:
		return NULL;
	}
}

static uint8_t field_begin(struct dbus_reader *reader)
{
	(void)reader_take(reader, 0, 8);
	return dbus_get_byte(reader);
}

/* The known fields are of four types; one of another type has no business in a header. */
static void field_parse(struct dbus_reader *reader, struct dbus_message *message)
{
	uint8_t field = field_begin(reader);
	const char *type = dbus_get_signature(reader);
	const char **place = field_place(message, field), *text = NULL;
	uint32_t number = 0;

	if (!strcmp(type, "u"))
		number = dbus_get_uint32(reader);
	else if (!strcmp(type, "g"))
		text = dbus_get_signature(reader);
	else if (!strcmp(type, "s") || !strcmp(type, "o"))
		text = dbus_get_string(reader);
	else
		reader->bad = true;
	if (place && text)
		*place = text;
	else if (place)
		reader->bad = true;
	if (field == FIELD_REPLY_SERIAL)
		message->reply_serial = number;
}

int dbus_message_parse(const void *bytes, size_t length, struct dbus_message *message)
{
	struct dbus_reader reader = { .bytes = bytes, .length = length };
	size_t size, fields_end;
	int r = dbus_message_size(bytes, length, &size);

	*message = (struct dbus_message){ .signature = "" };
	if (r < 0 || !size || size > length)
		return -EBADMSG;
	reader.big_endian = message->big_endian = reader.bytes[0] == 'B';
	message->type = (enum dbus_message_type)reader.bytes[1];
	reader.at = 4;
	message->body_length = dbus_get_uint32(&reader);
	message->serial = dbus_get_uint32(&reader);
	fields_end = HEADER_FIXED + dbus_get_uint32(&reader);
	reader.length = fields_end;
	while (!reader.bad && reader.at < fields_end)
		field_parse(&reader, message);
	message->body = reader.bytes + size - message->body_length;
	if (reader.bad || !message->serial)
		return -EBADMSG;
	return 0;
}
