/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_SPEC_DECODE_H
#define HULL_SPEC_DECODE_H

/*
 * Decoding a JSON tree into C structs by tables: a field is a line that gives
 * its name, its type and where it goes. Unknown fields are ignored, as the
 * runtime-spec demands (in hull's own documents they are refused); wrong ones are
 * refused with their path in the document.
 */
#include <stddef.h>
#include <stdint.h>

#include "base/json.h"

enum field_type {
	FIELD_STRING,		 /* const char *; NULL for an optional "" */
	FIELD_BOOL,		 /* bool */
	FIELD_OPTIONAL_BOOL,	 /* struct optional_bool */
	FIELD_INTEGER,		 /* int64_t */
	FIELD_UNSIGNED,		 /* uint64_t */
	FIELD_OPTIONAL_INTEGER,	 /* struct optional_integer */
	FIELD_OPTIONAL_UNSIGNED, /* struct optional_unsigned */
	FIELD_STRINGS,		 /* struct string_list */
	FIELD_UNSIGNEDS,	 /* struct unsigned_list */
	FIELD_STRING_MAP,	 /* struct string_map */
	FIELD_NAME,		 /* int: the position in a list of names */
	FIELD_OBJECT,		 /* pointer to a struct, NULL when absent */
	FIELD_OBJECTS,		 /* { struct *items; size_t count } */
	FIELD_OBJECT_MAP, /* the same from an object; the first member of the struct is its key */
};

#define REQUIRED  1u
#define OR_NUMBER 2u /* of a FIELD_STRING: a number counts as the text it was written as */

struct field {
	const char *name;
	enum field_type type;
	size_t offset;
	unsigned int flags;
	unsigned int bits;	   /* of a number's range; 0 means 64 */
	const struct table *table; /* of objects */
	const char *const *names;  /* of FIELD_NAME: "" (unset) first, NULL last */
};

struct table {
	size_t bytes;		    /* of the struct */
	const struct field *fields; /* up to one without a name */
	/* Called on every decoded struct, for what a table cannot say; may be NULL. */
	void (*finish)(void *target, const struct json *node, const char *document);
	bool closed; /* members that are no field are refused, not ignored */
};

struct decoder {
	struct arena *arena;
	const char *name; /* of the document: starts every message */
	const char *document;
};

/* Decode OBJECT into TARGET, which is zeroed and of table->bytes; 0 or -EINVAL with a message. */
int decode_object(const struct decoder *decoder, const struct json *object,
	const struct table *table, void *target);

#endif
