/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/update.h"

#include <inttypes.h>
#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "spec/annotation.h"
#include "spec/validate_rules.h"

/*
 * A weight counts instead of shares, also of shares that come later; and the kernel forgets it
 * when a group becomes idle, which it has to get back from.
 */
static void complete_weight(struct config_cpu *cpu, const struct config_cpu *present)
{
	bool idle = cpu->idle.set ? cpu->idle.value : present->idle.value;

	if (present->weight.set && !cpu->weight.set && !idle)
		cpu->weight = present->weight;
}

int update_complete(struct config_resources *update, const struct config_resources *present,
	struct arena *arena)
{
	const struct config_memory *old = present ? present->memory : NULL;
	struct config_memory *memory = update->memory;

	if (update->cpu && present && present->cpu)
		complete_weight(update->cpu, present->cpu);
	if (!memory || !memory->limit.value)
		return 0;
	memory = arena_allocate(arena, sizeof(*memory));
	*memory = *update->memory;
	update->memory = memory;
	if (old && !memory->check_before_update.set)
		memory->check_before_update = old->check_before_update;
	if (memory->swap.value)
		return 0;
	if (memory->limit.value < 0) {
		memory->swap = (struct optional_integer){ true, -1 };
		return 0;
	}
	if (!old || old->swap.value <= 0)
		return 0;
	memory->swap = old->swap;
	if (memory->limit.value > memory->swap.value)
		return error_set(EINVAL,
			"memory.limit: %" PRId64
			" is more than the container's memory.swap (%" PRId64
			"), which limits memory and swap together: raise both",
			memory->limit.value, memory->swap.value);
	return 0;
}

/* Does the member of an update say anything? */
static bool node_is_given(const struct json *node)
{
	static const char *const zero_counts[] = { "idle", "burst", "realtimeRuntime", "swappiness",
		NULL };

	switch (node->type) {
	case JSON_NULL:
		return false;
	case JSON_NUMBER:
		return strcmp(node->text, "0") != 0 || word_find(zero_counts, node->key) >= 0;
	case JSON_STRING:
		return *node->text;
	case JSON_ARRAY:
		return node->first;
	default:
		return true;
	}
}

static bool same_member(const struct json *one, const struct json *other, const char *name)
{
	const struct json *a = json_get(one, name), *b = json_get(other, name);

	return a && b && a->type == b->type && a->text && !strcmp(a->text, b->text);
}

/* Two entries of a list that are about the same device, page size or interface. */
static bool same_subject(const struct json *one, const struct json *other)
{
	return same_member(one, other, "pageSize") || same_member(one, other, "name") ||
	       (same_member(one, other, "major") && same_member(one, other, "minor"));
}

static void merge_list(struct json_writer *writer, const struct json *old, const struct json *new)
{
	bool rules = !strcmp(new->key, "devices");

	json_begin_array(writer, new->key);
	if (old->type == JSON_ARRAY && !rules)
		json_for_each (item, old) {
			bool replaced = false;

			json_for_each (other, new)
				replaced |= same_subject(item, other);
			if (!replaced)
				json_write_node(writer, NULL, item);
		}
	json_for_each (item, new)
		json_write_node(writer, NULL, item);
	json_end_array(writer);
}

/* OLD may be NULL. Recursion ends where the document's own depth does. */
static void merge_object(
	struct json_writer *writer, const char *key, const struct json *old, const struct json *new)
{
	json_begin_object(writer, key);
	for (const struct json *member = old ? old->first : NULL; member; member = member->next) {
		const struct json *given = json_get(new, member->key);

		if (!given || !node_is_given(given))
			json_write_node(writer, member->key, member);
		else if (given->type == JSON_OBJECT)
			merge_object(writer, member->key,
				member->type == JSON_OBJECT ? member : NULL, given);
		else if (given->type == JSON_ARRAY)
			merge_list(writer, member, given);
		else
			json_write_node(writer, member->key, given);
	}
	json_for_each (given, new) {
		const struct json *member = old ? json_get(old, given->key) : NULL;

		/* Of members with one key the last counts. */
		if (member || json_get(new, given->key) != given || !node_is_given(given))
			continue;
		if (given->type == JSON_OBJECT)
			merge_object(writer, given->key, NULL, given);
		else
			json_write_node(writer, given->key, given);
	}
	json_end_object(writer);
}

/* OLD, or an empty object where it is NULL, with its object at PATH merged with NEW. */
static void merge_at(struct json_writer *writer, const char *key, const struct json *old,
	const char *const *path, const struct json *new)
{
	const struct json *place = old && *path ? json_get(old, *path) : NULL;

	if (!*path) {
		merge_object(writer, key, old, new);
		return;
	}
	json_begin_object(writer, key);
	for (const struct json *member = old ? old->first : NULL; member; member = member->next)
		if (strcmp(member->key, *path) != 0)
			json_write_node(writer, member->key, member);
	merge_at(writer, *path, place && place->type == JSON_OBJECT ? place : NULL, path + 1, new);
	json_end_object(writer);
}

/* Append DOCUMENT with its object at PATH, an array up to NULL, merged with UPDATE's text. */
static int update_at(struct buffer *result, const struct buffer *document, const char *const *path,
	const struct buffer *update)
{
	_cleanup_arena_ struct arena arena = { 0 };
	struct json_writer writer = { .buffer = result };
	const char *name = "config.json";
	struct json *old, *new;
	int r = json_parse(&arena, name, document->data, document->length, &old);

	for (size_t i = 0; path[i]; i++)
		name = path[i];
	if (r >= 0)
		r = json_parse(&arena, name, update->data, update->length, &new);
	if (r >= 0)
		merge_at(&writer, NULL, old, path, new);
	return r;
}

int update_document(struct buffer *result, const struct buffer *document, const char *section,
	const struct buffer *update)
{
	const char *const path[] = { "linux", section, NULL };

	return update_at(result, document, path, update);
}

int update_options(
	struct buffer *result, const struct buffer *document, const char *tenant, uint64_t weight)
{
	static const char *const path[] = { NULL };
	_cleanup_buffer_ struct buffer update = { 0 };
	struct json_writer writer = { .buffer = &update };

	json_begin_object(&writer, NULL);
	if (tenant) {
		json_begin_object(&writer, "annotations");
		json_write_string(&writer, ANNOTATION_TENANT, tenant);
		json_end_object(&writer);
	}
	if (weight) {
		json_begin_object(&writer, "linux");
		json_begin_object(&writer, "resources");
		json_begin_object(&writer, "cpu");
		json_write_unsigned(&writer, "weight", weight);
		json_end_object(&writer);
		json_end_object(&writer);
		json_end_object(&writer);
	}
	json_end_object(&writer);
	return update_at(result, document, path, &update);
}
