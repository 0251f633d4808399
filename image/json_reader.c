/* SPDX-License-Identifier: Apache-2.0 */
#include "image/json_reader.h"

#include <errno.h>

#include "base/error.h"

int json_reader_refuse(
	const struct json_reader *reader, const struct json *node, const char *wanted)
{
	return error_set(
		EINVAL, "%s: %s: must be %s", reader->name, json_path(reader->arena, node), wanted);
}

int json_reader_find(const struct json_reader *reader, const struct json *object, const char *key,
	enum json_type type, const struct json **node)
{
	*node = json_get(object, key);
	return *node && (*node)->type != type
		       ? json_reader_refuse(reader, *node, json_type_name(type))
		       : 0;
}

int json_reader_need(const struct json_reader *reader, const struct json *object, const char *key,
	enum json_type type, const struct json **node)
{
	int r = json_reader_find(reader, object, key, type, node);
	const char *path;

	if (r < 0 || *node)
		return r;
	path = json_path(reader->arena, object);
	return error_set(
		EINVAL, "%s: %s%s%s: is missing", reader->name, path, *path ? "." : "", key);
}

int json_reader_list(
	const struct json_reader *reader, const struct json *array, struct string_list *list)
{
	json_for_each (item, array) {
		if (item->type != JSON_STRING)
			return json_reader_refuse(reader, item, "a string");
		string_list_add(reader->arena, list, item->text);
	}
	return 0;
}
