/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_BASE_JSON_H
#define HULL_BASE_JSON_H

/*
 * JSON (RFC 8259): a reader that gives a tree whose nodes know where in the
 * document they stand, and a writer. Everything that knows yajl is in json.c.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/memory.h"

enum json_type { JSON_NULL, JSON_BOOL, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT };

struct json {
	enum json_type type;
	const struct json *parent;
	struct json *next;	   /* in the parent */
	struct json *first, *last; /* of an array or object */
	const char *key;	   /* in an object */
	size_t index;		   /* in an array */
	size_t count;		   /* of an array's or object's members */
	bool boolean;
	const char *text;  /* a string, or a number as it was written */
	size_t begin, end; /* the bytes of the document from '{' or '[' to behind its partner */
};

#define json_for_each(item, list)                                                                  \
	for (const struct json *item = (list)->first; item; item = item->next)

/*
 * Parse LENGTH bytes. Refused, with a message that starts with NAME and names
 * the place: what is not JSON, text behind the document, text that holds NUL or
 * is not UTF-8, nesting deeper than 128, more than 1048576 values. -EINVAL.
 */
int json_parse(struct arena *arena, const char *name, const char *bytes, size_t length,
	struct json **root);

/* The member of an object, or NULL, as of NULL and of what is no object; of members with one key the last counts. */
const struct json *json_get(const struct json *object, const char *key);

/* The place of a node in its document, such as "mounts[3].options"; "" for the root. */
char *json_path(struct arena *arena, const struct json *node);
const char *json_type_name(enum json_type type);

/* Whole numbers; -ERANGE, or -EINVAL when the node is no whole number. */
int json_integer(const struct json *node, int64_t *value);
int json_unsigned(const struct json *node, uint64_t *value);

/* The length of the well-formed UTF-8 sequence at TEXT, which is not empty; or 0 (RFC 3629). */
size_t json_utf8_length(const char *text);

/* Add the version of yajl to TEXT. */
void json_library_version(struct buffer *text);

/* Append TEXT as a quoted JSON string; what is not UTF-8 becomes U+FFFD. */
void json_quote(struct buffer *buffer, const char *text);

/*
 * The writer: call in order; a KEY of NULL inside arrays and for the outermost
 * value. Commas and (when pretty) line breaks are its business.
 */
struct json_writer {
	struct buffer *buffer;
	bool pretty, behind_value;
	unsigned int depth;
};

void json_begin_object(struct json_writer *writer, const char *key);
void json_end_object(struct json_writer *writer);
void json_begin_array(struct json_writer *writer, const char *key);
void json_end_array(struct json_writer *writer);
void json_write_string(struct json_writer *writer, const char *key, const char *value);
void json_write_integer(struct json_writer *writer, const char *key, int64_t value);
void json_write_unsigned(struct json_writer *writer, const char *key, uint64_t value);
void json_write_double(struct json_writer *writer, const char *key, double value);
void json_write_bool(struct json_writer *writer, const char *key, bool value);
/* The node and all in it, as it was read; numbers keep their digits. */
void json_write_node(struct json_writer *writer, const char *key, const struct json *node);
/* An array of the strings up to NULL. */
void json_write_strings(struct json_writer *writer, const char *key, const char *const *values);

#endif
