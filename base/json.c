/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <yajl/yajl_parse.h>
#include <yajl/yajl_version.h>

#include "base/error.h"

#define DEPTH_MOST  128
#define VALUES_MOST (1u << 20) /* a hundred megabytes of nodes; real documents have thousands */

struct json_reader {
	struct arena *arena;
	yajl_handle yajl;
	struct json *root, *open; /* the innermost array or object that is open */
	const char *key;
	unsigned int depth, values;
	const char *problem; /* why we stopped, where yajl had no objection */
	const struct json *where;
};

static const char *const type_names[] = { "null", "a boolean", "a number", "a string", "an array",
	"an object" };

const char *json_type_name(enum json_type type)
{
	return type_names[type];
}

static struct json *json_add(struct json_reader *reader, enum json_type type)
{
	struct json *node = arena_allocate(reader->arena, sizeof(*node));
	struct json *parent = reader->open;

	node->type = type;
	node->parent = parent;
	reader->values++;
	if (!parent) {
		reader->root = node;
		return node;
	}
	if (parent->type == JSON_OBJECT)
		node->key = reader->key;
	node->index = parent->count++;
	if (parent->last)
		parent->last->next = node;
	else
		parent->first = node;
	parent->last = node;
	return node;
}

static int json_stop(struct json_reader *reader, const struct json *where, const char *problem)
{
	reader->where = where;
	reader->problem = problem;
	return 0;
}

/* Go on behind NODE, unless the document wants more memory than any real one. */
static int json_go_on(struct json_reader *reader, const struct json *node)
{
	if (reader->values > VALUES_MOST)
		return json_stop(reader, node, "more than 1048576 values");
	return 1;
}

static int json_on_null(void *context)
{
	return json_go_on(context, json_add(context, JSON_NULL));
}

static int json_on_boolean(void *context, int value)
{
	struct json *node = json_add(context, JSON_BOOL);

	node->boolean = value;
	return json_go_on(context, node);
}

static int json_on_number(void *context, const char *digits, size_t length)
{
	struct json_reader *reader = context;

	struct json *node = json_add(reader, JSON_NUMBER);

	node->text = arena_copy(reader->arena, digits, length);
	return json_go_on(reader, node);
}

/*
 * The copy of a text, or NULL when it is none for C or not UTF-8: yajl lets pass
 * what is too long ("\xc0\xaf") and escapes of half a surrogate pair ("\\ude00").
 */
static const char *json_copy_text(struct json_reader *reader, const struct json *where,
	const unsigned char *text, size_t length)
{
	char *copy = arena_copy(reader->arena, (const char *)text, length);

	if (strlen(copy) != length) {
		(void)json_stop(reader, where, "text holds a NUL character");
		return NULL;
	}
	for (const char *at = copy; *at;) {
		size_t bytes = (unsigned char)*at < 0x80 ? 1 : json_utf8_length(at);

		if (!bytes) {
			(void)json_stop(reader, where, "text is not UTF-8");
			return NULL;
		}
		at += bytes;
	}
	return copy;
}

static int json_on_string(void *context, const unsigned char *text, size_t length)
{
	struct json_reader *reader = context;
	struct json *node = json_add(reader, JSON_STRING);

	node->text = json_copy_text(reader, node, text, length);
	return node->text ? json_go_on(reader, node) : 0;
}

static int json_on_key(void *context, const unsigned char *text, size_t length)
{
	struct json_reader *reader = context;

	reader->key = json_copy_text(reader, reader->open, text, length);
	return reader->key != NULL;
}

static int json_begin(struct json_reader *reader, enum json_type type)
{
	struct json *node = json_add(reader, type);

	if (++reader->depth > DEPTH_MOST)
		return json_stop(reader, node, "nested deeper than 128 levels");
	node->begin = yajl_get_bytes_consumed(reader->yajl) - 1;
	reader->open = node;
	return json_go_on(reader, node);
}

static int json_end(struct json_reader *reader)
{
	reader->open->end = yajl_get_bytes_consumed(reader->yajl);
	reader->open = (struct json *)reader->open->parent;
	reader->depth--;
	return 1;
}

static int json_on_begin_object(void *context)
{
	return json_begin(context, JSON_OBJECT);
}

static int json_on_begin_array(void *context)
{
	return json_begin(context, JSON_ARRAY);
}

static int json_on_end(void *context)
{
	return json_end(context);
}

static const yajl_callbacks callbacks = {
	.yajl_null = json_on_null,
	.yajl_boolean = json_on_boolean,
	.yajl_number = json_on_number,
	.yajl_string = json_on_string,
	.yajl_map_key = json_on_key,
	.yajl_start_map = json_on_begin_object,
	.yajl_end_map = json_on_end,
	.yajl_start_array = json_on_begin_array,
	.yajl_end_array = json_on_end,
};

static int json_refuse_syntax(const struct json_reader *reader, const char *name, const char *bytes,
	size_t length, bool truncated)
{
	size_t at = truncated ? length : yajl_get_bytes_consumed(reader->yajl), line = 1;
	const char *path = reader->open ? json_path(reader->arena, reader->open) : "";
	unsigned char *words;
	char *end;

	for (size_t i = 0; i < at && i < length; i++)
		line += bytes[i] == '\n';
	if (truncated)
		return error_set(EINVAL, "%s: line %zu: %s%sthe document ends too early", name,
			line, path, *path ? ": " : "");
	words = yajl_get_error(reader->yajl, 0, NULL, 0);
	end = strchr((char *)words, '\n');
	if (end)
		*end = '\0';
	(void)error_set(EINVAL, "%s: line %zu: %s%snot JSON: %s", name, line, path,
		*path ? ": " : "", (const char *)words);
	yajl_free_error(reader->yajl, words);
	return -EINVAL;
}

static int json_refuse_content(const struct json_reader *reader, const char *name)
{
	const char *path = json_path(reader->arena, reader->where);

	return error_set(EINVAL, "%s: %.200s%s%s", name, path, *path ? ": " : "", reader->problem);
}

int json_parse(
	struct arena *arena, const char *name, const char *bytes, size_t length, struct json **root)
{
	struct json_reader reader = { .arena = arena };
	yajl_status status;
	bool truncated = false;
	int r = 0;

	reader.yajl = yajl_alloc(&callbacks, NULL, &reader);
	if (!reader.yajl)
		return error_set(ENOMEM, "out of memory");
	status = yajl_parse(reader.yajl, (const unsigned char *)bytes, length);
	if (status == yajl_status_ok) {
		status = yajl_complete_parse(reader.yajl);
		truncated = status != yajl_status_ok;
	}
	if (status == yajl_status_client_canceled)
		r = json_refuse_content(&reader, name);
	else if (status != yajl_status_ok || !reader.root)
		r = json_refuse_syntax(&reader, name, bytes, length, truncated);
	else
		*root = reader.root;
	yajl_free(reader.yajl);
	return r;
}

const struct json *json_get(const struct json *object, const char *key)
{
	const struct json *found = NULL;

	if (!object || object->type != JSON_OBJECT)
		return NULL;
	json_for_each (member, object)
		if (member->key[0] == key[0] && !strcmp(member->key, key))
			found = member;
	return found;
}

char *json_path(struct arena *arena, const struct json *node)
{
	const char *before;

	if (!node || !node->parent)
		return arena_copy(arena, "", 0);
	before = json_path(arena, node->parent);
	if (!node->key)
		return arena_format(arena, "%s[%zu]", before, node->index);
	return arena_format(arena, "%s%s%s", before, *before ? "." : "", node->key);
}

int json_integer(const struct json *node, int64_t *value)
{
	char *end;

	if (node->type != JSON_NUMBER)
		return -EINVAL;
	errno = 0;
	*value = strtoll(node->text, &end, 10);
	if (errno == ERANGE)
		return -ERANGE;
	return *end ? -EINVAL : 0;
}

int json_unsigned(const struct json *node, uint64_t *value)
{
	char *end;

	if (node->type != JSON_NUMBER)
		return -EINVAL;
	if (node->text[0] == '-')
		return -ERANGE;
	errno = 0;
	*value = strtoull(node->text, &end, 10);
	if (errno == ERANGE)
		return -ERANGE;
	return *end ? -EINVAL : 0;
}

void json_library_version(struct buffer *text)
{
	int version = yajl_version();

	buffer_format(text, "%d.%d.%d", version / 10000, version / 100 % 100, version % 100);
}
