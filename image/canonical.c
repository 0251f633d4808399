/* SPDX-License-Identifier: Apache-2.0 */
#include "image/canonical.h"

#include <stdlib.h>
#include <string.h>

static int compare_keys(const void *a, const void *b)
{
	const struct json *const *left = a, *const *right = b;

	return strcmp((*left)->key, (*right)->key);
}

/* The members by their keys; of several with one key the last, which is the one that counts. */
static size_t sorted_members(const struct json *object, const struct json **members)
{
	size_t count = 0;

	json_for_each (member, object)
		if (json_get(object, member->key) == member)
			members[count++] = member;
	qsort(members, count, sizeof(*members), compare_keys);
	return count;
}

static void begin_line(struct buffer *text, unsigned int depth)
{
	buffer_format(text, "\n%*s", (int)depth * 2, "");
}

static void write_node(
	struct buffer *text, const struct json *node, const char *without, unsigned int depth);

static void write_object(
	struct buffer *text, const struct json *object, const char *without, unsigned int depth)
{
	_cleanup_free_ const struct json **members =
		memory_allocate((object->count + 1) * sizeof(struct json *));
	size_t count = sorted_members(object, members), written = 0;

	buffer_text(text, "{");
	for (size_t i = 0; i < count; i++) {
		if (without && !strcmp(members[i]->key, without))
			continue;
		buffer_text(text, written++ ? "," : "");
		begin_line(text, depth + 1);
		json_quote(text, members[i]->key);
		buffer_text(text, ": ");
		write_node(text, members[i], NULL, depth + 1);
	}
	if (written)
		begin_line(text, depth);
	buffer_text(text, "}");
}

static void write_array(struct buffer *text, const struct json *array, unsigned int depth)
{
	buffer_text(text, "[");
	json_for_each (item, array) {
		buffer_text(text, item == array->first ? "" : ",");
		begin_line(text, depth + 1);
		write_node(text, item, NULL, depth + 1);
	}
	if (array->first)
		begin_line(text, depth);
	buffer_text(text, "]");
}

static void write_node(
	struct buffer *text, const struct json *node, const char *without, unsigned int depth)
{
	switch (node->type) {
	case JSON_OBJECT:
		write_object(text, node, without, depth);
		break;
	case JSON_ARRAY:
		write_array(text, node, depth);
		break;
	case JSON_STRING:
		json_quote(text, node->text);
		break;
	case JSON_NUMBER:
		buffer_text(text, node->text);
		break;
	case JSON_BOOL:
		buffer_text(text, node->boolean ? "true" : "false");
		break;
	default:
		buffer_text(text, "null");
	}
}

void canonical_write(struct buffer *text, const struct json *node, const char *without)
{
	write_node(text, node, without, 0);
}

/* ---- differences ----------------------------------------------------------------------------- */

struct comparison {
	struct buffer *text;
	struct arena *arena;
	size_t lines;
};

static void write_value(struct buffer *text, const struct json *node)
{
	if (node)
		write_node(text, node, NULL, 0);
	else
		buffer_text(text, "(none)");
}

static void write_difference(
	struct comparison *comparison, const struct json *old, const struct json *new)
{
	buffer_format(comparison->text, "%s: ", json_path(comparison->arena, old ? old : new));
	write_value(comparison->text, old);
	buffer_text(comparison->text, " -> ");
	write_value(comparison->text, new);
	buffer_text(comparison->text, "\n");
	comparison->lines++;
}

static void compare_nodes(
	struct comparison *comparison, const struct json *old, const struct json *new);

static void compare_objects(
	struct comparison *comparison, const struct json *old, const struct json *new)
{
	size_t most = old->count + new->count + 1;
	_cleanup_free_ const struct json **left = memory_allocate(most * sizeof(struct json *));
	_cleanup_free_ const struct json **right = memory_allocate(most * sizeof(struct json *));
	size_t left_count = sorted_members(old, left), right_count = sorted_members(new, right);

	for (size_t i = 0, j = 0; i < left_count || j < right_count;) {
		int order = i == left_count    ? 1
			    : j == right_count ? -1
					       : strcmp(left[i]->key, right[j]->key);

		compare_nodes(
			comparison, order <= 0 ? left[i++] : NULL, order >= 0 ? right[j++] : NULL);
	}
}

static void compare_arrays(
	struct comparison *comparison, const struct json *old, const struct json *new)
{
	const struct json *left = old->first, *right = new->first;

	while (left || right) {
		compare_nodes(comparison, left, right);
		left = left ? left->next : NULL;
		right = right ? right->next : NULL;
	}
}

/* True for what is no leaf. */
static bool same_leaf(const struct json *old, const struct json *new)
{
	switch (old->type) {
	case JSON_STRING:
	case JSON_NUMBER:
		return !strcmp(old->text, new->text);
	case JSON_BOOL:
		return old->boolean == new->boolean;
	default:
		return true;
	}
}

static void compare_nodes(
	struct comparison *comparison, const struct json *old, const struct json *new)
{
	if (!old || !new || old->type != new->type || !same_leaf(old, new))
		write_difference(comparison, old, new);
	else if (old->type == JSON_OBJECT)
		compare_objects(comparison, old, new);
	else if (old->type == JSON_ARRAY)
		compare_arrays(comparison, old, new);
}

size_t canonical_compare(
	struct buffer *text, struct arena *arena, const struct json *old, const struct json *new)
{
	struct comparison comparison = { text, arena, 0 };

	compare_nodes(&comparison, old, new);
	return comparison.lines;
}
