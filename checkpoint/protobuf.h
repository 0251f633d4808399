/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_CHECKPOINT_PROTOBUF_H
#define HULL_CHECKPOINT_PROTOBUF_H

/*
 * The wire format of Protocol Buffers, as far as CRIU's messages use it: numbers
 * (varint) and bytes with a length (texts, messages in messages).
 * protobuf.dev/programming-guides/encoding
 */
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"

/* Field numbers are 1 to 2^29-1. A negative number is written as int32 and int64 are. */
void protobuf_put_number(struct buffer *buffer, uint32_t field, int64_t value);
void protobuf_put_bytes(struct buffer *buffer, uint32_t field, const void *bytes, size_t length);
void protobuf_put_text(struct buffer *buffer, uint32_t field, const char *text);

struct protobuf_reader {
	const unsigned char *at, *end;
};

struct protobuf_field {
	uint32_t number;
	uint64_t value;		    /* of a number; 0 for bytes */
	const unsigned char *bytes; /* points into what is read; NULL: it is a number */
	size_t length;
};

/* The next field: 1, or 0 at the end, or -EBADMSG without a message. Fixed-width ones are skipped. */
int protobuf_next(struct protobuf_reader *reader, struct protobuf_field *field);

#endif
