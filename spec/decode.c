/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/decode.h"

#include <string.h>

#include "base/error.h"
#include "spec/config.h"

/* A list of structs of any type: FIELD_OBJECTS and FIELD_OBJECT_MAP. */
struct object_list {
	void *items;
	size_t count;
};

static int decode_refuse_type(
	const struct decoder *decoder, const struct json *node, const char *wanted)
{
	const char *path = json_path(decoder->arena, node);

	return error_set(EINVAL, "%s: %s%smust be %s, got %s", decoder->name, path,
		*path ? ": " : "", wanted, json_type_name(node->type));
}

static int decode_expect(
	const struct decoder *decoder, const struct json *node, enum json_type type)
{
	return node->type == type ? 0 : decode_refuse_type(decoder, node, json_type_name(type));
}

static int decode_refuse_range(
	const struct decoder *decoder, const struct json *node, bool is_signed, unsigned int bits)
{
	return error_set(EINVAL,
		"%s: %s: must be a whole number that fits into %u bits%s, got %.64s", decoder->name,
		json_path(decoder->arena, node), bits, is_signed ? "" : " without a sign",
		node->text);
}

static int decode_integer(
	const struct decoder *decoder, const struct json *node, unsigned int bits, int64_t *value)
{
	int64_t most = INT64_MAX >> (64 - (bits ? bits : 64));

	if (node->type != JSON_NUMBER)
		return decode_refuse_type(decoder, node, "a whole number");
	if (json_integer(node, value) < 0 || *value > most || *value < -most - 1)
		return decode_refuse_range(decoder, node, true, bits ? bits : 64);
	return 0;
}

static int decode_unsigned(
	const struct decoder *decoder, const struct json *node, unsigned int bits, uint64_t *value)
{
	if (node->type != JSON_NUMBER)
		return decode_refuse_type(decoder, node, "a whole number");
	if (json_unsigned(node, value) < 0 || *value > UINT64_MAX >> (64 - (bits ? bits : 64)))
		return decode_refuse_range(decoder, node, false, bits ? bits : 64);
	return 0;
}

static int decode_strings(
	const struct decoder *decoder, const struct json *node, struct string_list *list)
{
	int r = decode_expect(decoder, node, JSON_ARRAY);

	if (r < 0)
		return r;
	list->items = arena_allocate(decoder->arena, (node->count + 1) * sizeof(*list->items));
	json_for_each (item, node) {
		r = decode_expect(decoder, item, JSON_STRING);
		if (r < 0)
			return r;
		list->items[list->count++] = item->text;
	}
	return 0;
}

static int decode_unsigneds(const struct decoder *decoder, const struct json *node,
	unsigned int bits, struct unsigned_list *list)
{
	int r = decode_expect(decoder, node, JSON_ARRAY);

	if (r < 0)
		return r;
	list->items = arena_allocate(decoder->arena, (node->count + 1) * sizeof(*list->items));
	json_for_each (item, node) {
		r = decode_unsigned(decoder, item, bits, &list->items[list->count++]);
		if (r < 0)
			return r;
	}
	return 0;
}

static int decode_string_map(
	const struct decoder *decoder, const struct json *node, struct string_map *map)
{
	int r = decode_expect(decoder, node, JSON_OBJECT);

	if (r < 0)
		return r;
	map->items = arena_allocate(decoder->arena, (node->count + 1) * sizeof(*map->items));
	json_for_each (member, node) {
		r = decode_expect(decoder, member, JSON_STRING);
		if (r < 0)
			return r;
		map->items[map->count].key = member->key;
		map->items[map->count++].value = member->text;
	}
	return 0;
}

static int decode_name(const struct decoder *decoder, const struct json *node,
	const char *const *names, int *value)
{
	int r = decode_expect(decoder, node, JSON_STRING);

	if (r < 0)
		return r;
	for (int i = 1; names[i]; i++) {
		if (!strcmp(names[i], node->text)) {
			*value = i;
			return 0;
		}
	}
	return error_set(EINVAL, "%s: %s: unknown value \"%.64s\"", decoder->name,
		json_path(decoder->arena, node), node->text);
}

static int decode_objects(const struct decoder *decoder, const struct json *node,
	const struct field *field, struct object_list *list)
{
	const struct table *table = field->table;
	bool keyed = field->type == FIELD_OBJECT_MAP;
	int r = decode_expect(decoder, node, keyed ? JSON_OBJECT : JSON_ARRAY);
	unsigned char *target;

	if (r < 0)
		return r;
	target = arena_allocate(decoder->arena, node->count * table->bytes);
	list->items = target;
	json_for_each (item, node) {
		/* As Go's decoders have it: a name without anything is an empty object. */
		r = keyed && item->type == JSON_NULL ? 0
						     : decode_object(decoder, item, table, target);
		if (r < 0)
			return r;
		if (keyed)
			*(const char **)target = item->key;
		target += table->bytes;
		list->count++;
	}
	return 0;
}

static int decode_pointed_object(const struct decoder *decoder, const struct json *node,
	const struct table *table, void **target)
{
	*target = arena_allocate(decoder->arena, table->bytes);
	return decode_object(decoder, node, table, *target);
}

static int decode_optional_integer(const struct decoder *decoder, const struct json *node,
	unsigned int bits, struct optional_integer *target)
{
	target->set = true;
	return decode_integer(decoder, node, bits, &target->value);
}

static int decode_optional_unsigned(const struct decoder *decoder, const struct json *node,
	unsigned int bits, struct optional_unsigned *target)
{
	target->set = true;
	return decode_unsigned(decoder, node, bits, &target->value);
}

/* An optional "" is an absent one: Go's encoders and their readers never tell them apart. */
static int decode_string(const struct decoder *decoder, const struct json *node,
	const struct field *field, const char **target)
{
	bool number = node->type == JSON_NUMBER && field->flags & OR_NUMBER;
	int r = number ? 0 : decode_expect(decoder, node, JSON_STRING);

	if (r >= 0 && (*node->text || field->flags & REQUIRED))
		*target = node->text;
	return r;
}

static int decode_field(const struct decoder *decoder, const struct json *node,
	const struct field *field, void *target)
{
	int r = 0;

	switch (field->type) {
	case FIELD_STRING:
		return decode_string(decoder, node, field, target);
	case FIELD_BOOL:
		r = decode_expect(decoder, node, JSON_BOOL);
		*(bool *)target = node->boolean;
		break;
	case FIELD_OPTIONAL_BOOL:
		r = decode_expect(decoder, node, JSON_BOOL);
		*(struct optional_bool *)target = (struct optional_bool){ true, node->boolean };
		break;
	case FIELD_INTEGER:
		return decode_integer(decoder, node, field->bits, target);
	case FIELD_UNSIGNED:
		return decode_unsigned(decoder, node, field->bits, target);
	case FIELD_OPTIONAL_INTEGER:
		return decode_optional_integer(decoder, node, field->bits, target);
	case FIELD_OPTIONAL_UNSIGNED:
		return decode_optional_unsigned(decoder, node, field->bits, target);
	case FIELD_STRINGS:
		return decode_strings(decoder, node, target);
	case FIELD_UNSIGNEDS:
		return decode_unsigneds(decoder, node, field->bits, target);
	case FIELD_STRING_MAP:
		return decode_string_map(decoder, node, target);
	case FIELD_NAME:
		return decode_name(decoder, node, field->names, target);
	case FIELD_OBJECT:
		return decode_pointed_object(decoder, node, field->table, target);
	case FIELD_OBJECTS:
	case FIELD_OBJECT_MAP:
		return decode_objects(decoder, node, field, target);
	}
	return r;
}

/* The names that there are, for whoever has misspelt one. */
static int decode_refuse_unknown(
	const struct decoder *decoder, const struct json *object, const struct table *table)
{
	json_for_each (member, object) {
		_cleanup_buffer_ struct buffer names = { 0 };
		const struct field *field = table->fields;

		for (; field->name && strcmp(field->name, member->key) != 0; field++)
			buffer_format(&names, "%s%s", names.length ? ", " : "", field->name);
		if (!field->name)
			return error_set(EINVAL, "%s: %s: is no field, there are: %s",
				decoder->name, json_path(decoder->arena, member), names.data);
	}
	return 0;
}

int decode_object(const struct decoder *decoder, const struct json *object,
	const struct table *table, void *target)
{
	int r = decode_expect(decoder, object, JSON_OBJECT);

	if (r >= 0 && table->closed)
		r = decode_refuse_unknown(decoder, object, table);
	if (r < 0)
		return r;
	for (const struct field *field = table->fields; field->name; field++) {
		const struct json *node = json_get(object, field->name);

		/* Go's encoders write null for a pointer that is not set. */
		if (node && node->type != JSON_NULL) {
			r = decode_field(decoder, node, field, (char *)target + field->offset);
			if (r < 0)
				return r;
		} else if (field->flags & REQUIRED) {
			const char *path = json_path(decoder->arena, object);

			return error_set(EINVAL, "%s: %s%s%s: is required, but missing",
				decoder->name, path, *path ? "." : "", field->name);
		}
	}
	if (table->finish)
		table->finish(target, object, decoder->document);
	return 0;
}
