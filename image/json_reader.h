/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_IMAGE_JSON_READER_H
#define HULL_IMAGE_JSON_READER_H

/*
 * Members of a JSON document, by name and type. What is wrong is said with the document's
 * name and the member's path: "hull.lock: images.main.layers: must be an array".
 */
#include "base/json.h"
#include "base/memory.h"

struct json_reader {
	struct arena *arena; /* of the document, and for what is read */
	const char *name;    /* of the document */
};

/* -EINVAL: NODE "must be WANTED". */
int json_reader_refuse(
	const struct json_reader *reader, const struct json *node, const char *wanted);

/* The member KEY of that type; *NODE is NULL when there is none. */
int json_reader_find(const struct json_reader *reader, const struct json *object, const char *key,
	enum json_type type, const struct json **node);

/* A member that must be there. */
int json_reader_need(const struct json_reader *reader, const struct json *object, const char *key,
	enum json_type type, const struct json **node);

/* Add the strings of an array. */
int json_reader_list(
	const struct json_reader *reader, const struct json *array, struct string_list *list);

#endif
