/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "base/json.h"

size_t json_utf8_length(const char *bytes)
{
	const unsigned char *text = (const unsigned char *)bytes;
	static const struct {
		unsigned char low, high, second_low, second_high, length;
	} forms[] = {
		{ 0xc2, 0xdf, 0x80, 0xbf, 2 },
		{ 0xe0, 0xe0, 0xa0, 0xbf, 3 },
		{ 0xe1, 0xec, 0x80, 0xbf, 3 },
		{ 0xed, 0xed, 0x80, 0x9f, 3 },
		{ 0xee, 0xef, 0x80, 0xbf, 3 },
		{ 0xf0, 0xf0, 0x90, 0xbf, 4 },
		{ 0xf1, 0xf3, 0x80, 0xbf, 4 },
		{ 0xf4, 0xf4, 0x80, 0x8f, 4 },
	};

	if (text[0] < 0x80)
		return 1;
	for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
		if (text[0] < forms[i].low || text[0] > forms[i].high)
			continue;
		if (text[1] < forms[i].second_low || text[1] > forms[i].second_high)
			return 0;
		for (size_t k = 2; k < forms[i].length; k++)
			if ((text[k] & 0xc0) != 0x80)
				return 0;
		return forms[i].length;
	}
	return 0;
}

/* Does the character stand in a JSON string as it is? LENGTH is that of its sequence. */
static bool json_is_plain(const unsigned char *at, size_t length)
{
	return length && *at >= ' ' && *at != '"' && *at != '\\' && *at != 0x7f;
}

static void json_escape(struct buffer *buffer, const unsigned char *at, size_t length)
{
	if (!length)
		buffer_text(buffer, "\xef\xbf\xbd");
	else if (*at == '"' || *at == '\\')
		buffer_format(buffer, "\\%c", *at);
	else if (*at == '\n')
		buffer_text(buffer, "\\n");
	else
		buffer_format(buffer, "\\u%04x", *at);
}

void json_quote(struct buffer *buffer, const char *text)
{
	const unsigned char *at = (const unsigned char *)text, *plain = at;

	buffer_text(buffer, "\"");
	while (*at) {
		size_t length;

		if (*at < 0x80 && json_is_plain(at, 1)) {
			at++;
			continue;
		}
		length = json_utf8_length((const char *)at);
		if (!json_is_plain(at, length)) {
			buffer_bytes(buffer, plain, (size_t)(at - plain));
			json_escape(buffer, at, length);
			plain = at + (length ? length : 1);
		}
		at += length ? length : 1;
	}
	buffer_bytes(buffer, plain, (size_t)(at - plain));
	buffer_text(buffer, "\"");
}

static void json_break_line(struct json_writer *writer)
{
	if (!writer->pretty)
		return;
	buffer_text(writer->buffer, "\n");
	for (unsigned int i = 0; i < writer->depth; i++)
		buffer_text(writer->buffer, "  ");
}

static void json_begin_value(struct json_writer *writer, const char *key)
{
	if (writer->behind_value)
		buffer_text(writer->buffer, ",");
	if (writer->depth)
		json_break_line(writer);
	if (key) {
		json_quote(writer->buffer, key);
		buffer_text(writer->buffer, writer->pretty ? ": " : ":");
	}
	writer->behind_value = true;
}

static void json_open(struct json_writer *writer, const char *key, const char *bracket)
{
	json_begin_value(writer, key);
	buffer_text(writer->buffer, bracket);
	writer->behind_value = false;
	writer->depth++;
}

static void json_close(struct json_writer *writer, const char *bracket)
{
	writer->depth--;
	if (writer->behind_value)
		json_break_line(writer);
	buffer_text(writer->buffer, bracket);
	writer->behind_value = true;
}

void json_begin_object(struct json_writer *writer, const char *key)
{
	json_open(writer, key, "{");
}

void json_end_object(struct json_writer *writer)
{
	json_close(writer, "}");
}

void json_begin_array(struct json_writer *writer, const char *key)
{
	json_open(writer, key, "[");
}

void json_end_array(struct json_writer *writer)
{
	json_close(writer, "]");
}

void json_write_string(struct json_writer *writer, const char *key, const char *value)
{
	json_begin_value(writer, key);
	json_quote(writer->buffer, value);
}

void json_write_integer(struct json_writer *writer, const char *key, int64_t value)
{
	json_begin_value(writer, key);
	if (value < 0)
		buffer_text(writer->buffer, "-");
	buffer_unsigned(writer->buffer, value < 0 ? -(uint64_t)value : (uint64_t)value);
}

void json_write_unsigned(struct json_writer *writer, const char *key, uint64_t value)
{
	json_begin_value(writer, key);
	buffer_unsigned(writer->buffer, value);
}

/* What "%.6g" makes of it (a tie goes up), in a tenth of the time: 0.001 to 99999. */
static void json_add_decimal(struct buffer *buffer, double value)
{
	uint64_t scale = 10, number;
	char digits[16];
	size_t count = 0;

	while ((double)scale * value < 99999.95)
		scale *= 10;
	number = (uint64_t)(value * (double)scale + 0.5);
	buffer_unsigned(buffer, number / scale);
	digits[count++] = '.';
	for (number %= scale; number; number %= scale) {
		number *= 10;
		digits[count++] = (char)('0' + number / scale);
	}
	if (count > 1)
		buffer_bytes(buffer, digits, count);
}

void json_write_double(struct json_writer *writer, const char *key, double value)
{
	json_begin_value(writer, key);
	if (value == 0 || !isfinite(value))
		buffer_text(writer->buffer, "0");
	else if (value >= 0.001 && value < 99999)
		json_add_decimal(writer->buffer, value);
	else
		buffer_format(writer->buffer, "%.6g", value);
}

void json_write_bool(struct json_writer *writer, const char *key, bool value)
{
	json_begin_value(writer, key);
	buffer_text(writer->buffer, value ? "true" : "false");
}

void json_write_strings(struct json_writer *writer, const char *key, const char *const *values)
{
	json_begin_array(writer, key);
	for (; values && *values; values++)
		json_write_string(writer, NULL, *values);
	json_end_array(writer);
}

void json_write_node(struct json_writer *writer, const char *key, const struct json *node)
{
	switch (node->type) {
	case JSON_NULL:
	case JSON_NUMBER:
		json_begin_value(writer, key);
		buffer_text(writer->buffer, node->type == JSON_NULL ? "null" : node->text);
		break;
	case JSON_BOOL:
		json_write_bool(writer, key, node->boolean);
		break;
	case JSON_STRING:
		json_write_string(writer, key, node->text);
		break;
	case JSON_ARRAY:
		json_begin_array(writer, key);
		json_for_each (item, node)
			json_write_node(writer, NULL, item);
		json_end_array(writer);
		break;
	case JSON_OBJECT:
		json_begin_object(writer, key);
		json_for_each (member, node)
			json_write_node(writer, member->key, member);
		json_end_object(writer);
		break;
	}
}
