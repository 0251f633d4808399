/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_BASE_BUFFER_H
#define HULL_BASE_BUFFER_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes that grow; data[length] is always NUL once something was added. */
struct buffer {
	char *data;
	size_t length, size;
};

void buffer_bytes(struct buffer *buffer, const void *bytes, size_t length);
void buffer_text(struct buffer *buffer, const char *text);
/* In decimal digits, for what is written often: printf takes ten times as long. */
void buffer_unsigned(struct buffer *buffer, uint64_t number);
void buffer_format(struct buffer *buffer, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void buffer_format_list(struct buffer *buffer, const char *format, va_list arguments);

/* Room for at least LENGTH more bytes at the returned address; the caller adds to length. */
char *buffer_reserve(struct buffer *buffer, size_t length);
void buffer_free(struct buffer *buffer);

#define _cleanup_buffer_ __attribute__((cleanup(buffer_free)))

#endif
