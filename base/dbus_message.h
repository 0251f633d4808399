/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_BASE_DBUS_MESSAGE_H
#define HULL_BASE_DBUS_MESSAGE_H

/*
 * Messages of D-Bus as bytes (D-Bus Specification 0.43, "Type System" and
 * "Message Protocol"). Written in little endian; read in either, with every
 * length and offset checked: what comes from a bus is a stranger's.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"

/* hull's answers are short; whoever sends more is no bus manager. */
#define DBUS_MESSAGE_BYTES_MOST (1u << 20)

enum dbus_message_type {
	DBUS_CALL = 1,
	DBUS_RETURN = 2,
	DBUS_ERROR = 3,
	DBUS_SIGNAL = 4,
};

/*
 * Values are added one behind the other, each aligned as its type wants it. The
 * caller keeps to the signature that he sends along.
 */
struct dbus_writer {
	struct buffer bytes;
};

void dbus_writer_free(struct dbus_writer *writer);

#define _cleanup_dbus_writer_ __attribute__((cleanup(dbus_writer_free)))

void dbus_put_byte(struct dbus_writer *writer, uint8_t value);	       /* y */
void dbus_put_bool(struct dbus_writer *writer, bool value);	       /* b */
void dbus_put_uint32(struct dbus_writer *writer, uint32_t value);      /* u, i */
void dbus_put_uint64(struct dbus_writer *writer, uint64_t value);      /* t, x */
void dbus_put_string(struct dbus_writer *writer, const char *text);    /* s, o */
void dbus_put_signature(struct dbus_writer *writer, const char *text); /* g, and before a variant */
void dbus_put_struct(struct dbus_writer *writer);		       /* the begin of one */

/* An array of elements that are aligned to so many bytes; END takes what BEGIN has given. */
size_t dbus_begin_array(struct dbus_writer *writer, size_t alignment);
void dbus_end_array(struct dbus_writer *writer, size_t begin, size_t alignment);

struct dbus_message {
	enum dbus_message_type type;
	uint32_t serial, reply_serial; /* reply_serial 0: no answer to anything */
	/* Of the header; NULL where it has none. They point into the message. */
	const char *path, *interface, *member, *error_name, *destination, *sender;
	const char *signature; /* of the body; "" without one */
	const uint8_t *body;
	size_t body_length;
	bool big_endian;
};

/*
 * The size of the message that starts at BYTES: 0 while HAVE bytes are too few
 * to tell, or -EBADMSG when it is none or longer than we take.
 */
int dbus_message_size(const void *bytes, size_t have, size_t *size);

/* Take a whole message apart. 0, or -EBADMSG; no message is recorded. */
int dbus_message_parse(const void *bytes, size_t length, struct dbus_message *message);

/* Add the bytes of a whole message; SERIAL and the fields that are not NULL are taken. */
void dbus_message_write(struct buffer *bytes, const struct dbus_message *message);

/*
 * Values out of a body, in the order of its signature. After the first that is
 * not as it should be, bad is true and all others are 0 or "".
 */
struct dbus_reader {
	const uint8_t *bytes;
	size_t length, at;
	bool big_endian, bad;
};

/* Bad from the start when the body's signature does not begin with SIGNATURE. */
struct dbus_reader dbus_reader_of(const struct dbus_message *message, const char *signature);

uint8_t dbus_get_byte(struct dbus_reader *reader);
uint32_t dbus_get_uint32(struct dbus_reader *reader);
uint64_t dbus_get_uint64(struct dbus_reader *reader);
const char *dbus_get_string(struct dbus_reader *reader);    /* s, o */
const char *dbus_get_signature(struct dbus_reader *reader); /* g */

#endif
