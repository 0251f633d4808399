/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buffer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

#define SMALL	    16
#define FORMAT_ROOM 64 /* enough for most that is formatted: it need not be done twice */

char *buffer_reserve(struct buffer *buffer, size_t length)
{
	size_t need = buffer->length + length + 1;

	if (need > buffer->size) {
		size_t size = buffer->size ? buffer->size : 256;

		while (size < need)
			size *= 2;
		buffer->data = memory_resize(buffer->data, size);
		buffer->size = size;
		buffer->data[buffer->length] = '\0';
	}
	return buffer->data + buffer->length;
}

void buffer_bytes(struct buffer *buffer, const void *bytes, size_t length)
{
	char *end = buffer_reserve(buffer, length);
	const char *from = bytes;

	/* musl's memcpy takes longer than a few bytes do. */
	if (length > SMALL)
		memcpy(end, bytes, length);
	else
		for (size_t i = 0; i < length; i++)
			end[i] = from[i];
	buffer->length += length;
	buffer->data[buffer->length] = '\0';
}

void buffer_text(struct buffer *buffer, const char *text)
{
	buffer_bytes(buffer, text, strlen(text));
}

void buffer_format_list(struct buffer *buffer, const char *format, va_list arguments)
{
	char *end = buffer_reserve(buffer, FORMAT_ROOM);
	size_t room = buffer->size - buffer->length;
	va_list again;
	int length;

	va_copy(again, arguments);
	length = vsnprintf(end, room, format, again);
	va_end(again);
	if (length < 0)
		length = 0;
	if ((size_t)length >= room)
		(void)vsnprintf(buffer_reserve(buffer, (size_t)length), (size_t)length + 1, format,
			arguments);
	buffer->length += (size_t)length;
	buffer->data[buffer->length] = '\0';
}

void buffer_format(struct buffer *buffer, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	buffer_format_list(buffer, format, arguments);
	va_end(arguments);
}

void buffer_unsigned(struct buffer *buffer, uint64_t number)
{
	char digits[20];
	size_t at = sizeof(digits);

	do {
		digits[--at] = (char)('0' + number % 10);
		number /= 10;
	} while (number);
	buffer_bytes(buffer, digits + at, sizeof(digits) - at);
}

void buffer_free(struct buffer *buffer)
{
	free(buffer->data);
	*buffer = (struct buffer){ 0 };
}
