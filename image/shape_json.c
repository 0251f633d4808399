/* SPDX-License-Identifier: Apache-2.0 */
#include "image/shape_json.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "base/error.h"
#include "image/cpu_model.h"
#include "image/json_reader.h"

/* A member is a row, and both directions read it. */
enum member_type { MEMBER_TEXT, MEMBER_LIST, MEMBER_NUMBER, MEMBER_BYTES, MEMBER_FLAG };

#define MEMBER(name_, type_, member_) { name_, MEMBER_##type_, offsetof(struct shape, member_) }

static const struct {
	const char *name;
	enum member_type type;
	size_t offset;
} members[] = {
	MEMBER("args", LIST, args),
	MEMBER("aslr", FLAG, aslr),
	MEMBER("capabilities", LIST, capabilities),
	MEMBER("cpuQuota", NUMBER, cpu_quota),
	MEMBER("cpuWeight", NUMBER, cpu_weight),
	MEMBER("cpus", NUMBER, cpus),
	MEMBER("cwd", TEXT, folder),
	MEMBER("devices", LIST, devices),
	MEMBER("home", TEXT, home),
	MEMBER("hostname", TEXT, hostname),
	MEMBER("isolation", TEXT, isolation),
	MEMBER("memory", BYTES, memory),
	MEMBER("pids", NUMBER, pids),
	MEMBER("stopSignal", TEXT, stop_signal),
	MEMBER("tenant", TEXT, tenant),
	MEMBER("threads", NUMBER, threads),
	MEMBER("user", TEXT, user),
	MEMBER("volumes", LIST, volumes),
};

static void write_list(struct json_writer *writer, const char *key, const struct string_list *list)
{
	json_begin_array(writer, key);
	for (size_t i = 0; i < list->count; i++)
		json_write_string(writer, NULL, list->items[i]);
	json_end_array(writer);
}

static void write_member(struct json_writer *writer, size_t i, const struct shape *shape)
{
	const void *value = (const char *)shape + members[i].offset;

	switch (members[i].type) {
	case MEMBER_TEXT:
		if (*(const char *const *)value)
			json_write_string(writer, members[i].name, *(const char *const *)value);
		break;
	case MEMBER_LIST:
		write_list(writer, members[i].name, value);
		break;
	case MEMBER_NUMBER:
		if (*(const unsigned int *)value)
			json_write_unsigned(writer, members[i].name, *(const unsigned int *)value);
		break;
	case MEMBER_BYTES:
		if (*(const uint64_t *)value)
			json_write_unsigned(writer, members[i].name, *(const uint64_t *)value);
		break;
	case MEMBER_FLAG:
		json_write_bool(writer, members[i].name, *(const bool *)value);
		break;
	}
}

static void write_env(struct json_writer *writer, const struct string_list *env)
{
	json_begin_object(writer, "env");
	for (size_t i = 0; i < env->count; i++) {
		size_t length = strcspn(env->items[i], "=");
		_cleanup_free_ char *name = string_format("%.*s", (int)length, env->items[i]);

		json_write_string(writer, name, env->items[i] + length + 1);
	}
	json_end_object(writer);
}

static void write_binds(struct json_writer *writer, const struct shape *shape)
{
	json_begin_array(writer, "binds");
	for (size_t i = 0; i < shape->binds.count; i++) {
		json_begin_object(writer, NULL);
		json_write_string(writer, "source", shape->binds.items[i].source);
		json_write_string(writer, "destination", shape->binds.items[i].destination);
		json_write_bool(writer, "readOnly", shape->binds.items[i].read_only);
		if (shape->binds.items[i].output)
			json_write_bool(writer, "output", true);
		json_end_object(writer);
	}
	json_end_array(writer);
}

static void write_emulators(struct json_writer *writer, const struct shape *shape)
{
	if (!shape->emulators.count)
		return;
	json_begin_array(writer, "emulators");
	for (size_t i = 0; i < shape->emulators.count; i++) {
		const struct shape_emulator *emulator = &shape->emulators.items[i];

		json_begin_object(writer, NULL);
		json_write_string(writer, "architecture", emulator->architecture);
		json_write_string(writer, "path", emulator->path);
		json_write_string(writer, "version", emulator->version);
		json_write_string(writer, "machine", emulator->machine);
		json_write_string(writer, "digest", DIGEST_SHOW(&emulator->digest));
		json_end_object(writer);
	}
	json_end_array(writer);
}

void shape_write(struct json_writer *writer, const char *key, const struct shape *shape)
{
	json_begin_object(writer, key);
	for (size_t i = 0; i < ARRAY_SIZE(members); i++)
		write_member(writer, i, shape);
	write_env(writer, &shape->env);
	write_binds(writer, shape);
	json_write_string(writer, "network", network_names[shape->network]);
	json_write_string(writer, "rootfs", shape->read_only ? "ro" : "rw");
	json_write_string(writer, "umask", "0022");
	json_write_string(writer, "clock", "machine");
	if (shape->cpu_model || shape->emulated_cpu) {
		json_begin_object(writer, "cpu");
		json_write_string(writer, "model",
			shape->cpu_model ? cpu_model_name(shape->cpu_model) : shape->emulated_cpu);
		json_write_string(writer, "enforce", shape->emulated_cpu ? "emulator" : "tunables");
		json_end_object(writer);
	}
	write_emulators(writer, shape);
	json_end_object(writer);
}

/* ---- and back -------------------------------------------------------------------------------- */

static int read_number(
	const struct json_reader *reader, const struct json *node, uint64_t most, uint64_t *number)
{
	if (json_unsigned(node, number) < 0 || *number > most)
		return json_reader_refuse(reader, node, "a whole number that fits");
	return 0;
}

static int read_member(
	const struct json_reader *reader, const struct json *object, size_t i, struct shape *shape)
{
	static const enum json_type types[] = { JSON_STRING, JSON_ARRAY, JSON_NUMBER, JSON_NUMBER,
		JSON_BOOL };
	void *value = (char *)shape + members[i].offset;
	const struct json *node;
	uint64_t number;
	int r = json_reader_find(reader, object, members[i].name, types[members[i].type], &node);

	if (r < 0 || !node)
		return r;
	switch (members[i].type) {
	case MEMBER_TEXT:
		*(const char **)value = node->text;
		return 0;
	case MEMBER_LIST:
		return json_reader_list(reader, node, value);
	case MEMBER_NUMBER:
		r = read_number(reader, node, UINT_MAX, &number);
		if (r >= 0)
			*(unsigned int *)value = (unsigned int)number;
		return r;
	case MEMBER_BYTES:
		return read_number(reader, node, INT64_MAX, value);
	case MEMBER_FLAG:
		*(bool *)value = node->boolean;
		return 0;
	}
	return 0;
}

static int read_env(
	const struct json_reader *reader, const struct json *object, struct string_list *env)
{
	const struct json *node;
	int r = json_reader_find(reader, object, "env", JSON_OBJECT, &node);

	if (r < 0 || !node)
		return r;
	json_for_each (member, node) {
		if (member->type != JSON_STRING || !*member->key || strchr(member->key, '='))
			return json_reader_refuse(
				reader, member, "a string under the name of a variable");
		string_list_add(reader->arena, env,
			arena_format(reader->arena, "%s=%s", member->key, member->text));
	}
	return 0;
}

static int read_bind(
	const struct json_reader *reader, const struct json *object, struct shape_bind *bind)
{
	const struct json *source, *destination, *read_only, *output;
	int r;

	if (object->type != JSON_OBJECT)
		return json_reader_refuse(reader, object, "an object");
	r = json_reader_find(reader, object, "source", JSON_STRING, &source);
	if (r >= 0)
		r = json_reader_find(reader, object, "destination", JSON_STRING, &destination);
	if (r >= 0)
		r = json_reader_find(reader, object, "readOnly", JSON_BOOL, &read_only);
	if (r >= 0)
		r = json_reader_find(reader, object, "output", JSON_BOOL, &output);
	if (r < 0)
		return r;
	if (!source || !destination || *source->text != '/' || *destination->text != '/')
		return json_reader_refuse(
			reader, object, "an object with absolute source and destination");
	*bind = (struct shape_bind){ source->text, destination->text,
		read_only && read_only->boolean, output && output->boolean };
	return 0;
}

static int read_binds(
	const struct json_reader *reader, const struct json *object, struct shape *shape)
{
	const struct json *node;
	int r = json_reader_find(reader, object, "binds", JSON_ARRAY, &node);

	if (r < 0 || !node)
		return r;
	shape->binds.items =
		arena_allocate(reader->arena, (node->count + 1) * sizeof(*shape->binds.items));
	json_for_each (item, node) {
		r = read_bind(reader, item, &shape->binds.items[shape->binds.count]);
		if (r < 0)
			return r;
		shape->binds.count++;
	}
	return 0;
}

/* One of WORDS (up to NULL), or FALLBACK where there is none; its position. */
static int read_word(const struct json_reader *reader, const struct json *object, const char *key,
	const char *const *words, int fallback)
{
	const struct json *node;
	int r = json_reader_find(reader, object, key, JSON_STRING, &node);

	if (r < 0 || !node)
		return r < 0 ? r : fallback;
	for (int i = 0; words[i]; i++)
		if (!strcmp(words[i], node->text))
			return i;
	return error_set(EINVAL, "%s: %s: this hull does not know \"%s\"", reader->name,
		json_path(reader->arena, node), node->text);
}

static int read_cpu(
	const struct json_reader *reader, const struct json *object, struct shape *shape)
{
	static const char *const tunables[] = { "tunables", NULL }, *const emulator[] = {
		"emulator", NULL
	};
	const struct json *node, *name;
	int r = json_reader_find(reader, object, "cpu", JSON_OBJECT, &node);

	if (r < 0 || !node)
		return r;
	r = json_reader_find(reader, node, "model", JSON_STRING, &name);
	if (r < 0 || !name)
		return r;
	if (!shape->emulators.count) {
		r = cpu_model_find(name->text, &shape->cpu_model);
		return r < 0 ? r : read_word(reader, node, "enforce", tunables, 0);
	}
	shape->emulated_cpu = name->text;
	return read_word(reader, node, "enforce", emulator, 0);
}

static int read_emulator(const struct json_reader *reader, const struct json *object,
	struct shape_emulator *emulator)
{
	const char *digest = NULL;
	const struct {
		const char *name, **text;
	} texts[] = {
		{ "architecture", &emulator->architecture },
		{ "path", &emulator->path },
		{ "version", &emulator->version },
		{ "machine", &emulator->machine },
		{ "digest", &digest },
	};

	if (object->type != JSON_OBJECT)
		return json_reader_refuse(reader, object, "an object");
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		const struct json *node;
		int r = json_reader_find(reader, object, texts[i].name, JSON_STRING, &node);

		if (r < 0)
			return r;
		if (!node)
			return json_reader_refuse(reader, object,
				"an object with architecture, path, version, machine and digest");
		*texts[i].text = node->text;
	}
	if (*emulator->path != '/')
		return json_reader_refuse(reader, object, "an object with an absolute path");
	return digest_parse(digest, &emulator->digest) < 0
		       ? error_context(-EINVAL, "%s: %s.digest", reader->name,
				 json_path(reader->arena, object))
		       : 0;
}

static int read_emulators(
	const struct json_reader *reader, const struct json *object, struct shape *shape)
{
	const struct json *node;
	int r = json_reader_find(reader, object, "emulators", JSON_ARRAY, &node);

	if (r < 0 || !node)
		return r;
	shape->emulators.items =
		arena_allocate(reader->arena, (node->count + 1) * sizeof(*shape->emulators.items));
	json_for_each (item, node) {
		r = read_emulator(reader, item, &shape->emulators.items[shape->emulators.count]);
		if (r < 0)
			return r;
		shape->emulators.count++;
	}
	return 0;
}

/* What else decides about a run, in the one way that there is. */
static int read_fixed(const struct json_reader *reader, const struct json *object)
{
	static const char *const umasks[] = { "0022", NULL }, *const clocks[] = { "machine", NULL };
	int r = read_word(reader, object, "umask", umasks, 0);

	return r < 0 ? r : read_word(reader, object, "clock", clocks, 0);
}

int shape_read(struct arena *arena, const char *name, const struct json *node, struct shape *shape)
{
	static const char *const roots[] = { "rw", "ro", NULL };
	const struct json_reader reader = { arena, name };
	int r = 0;

	*shape = (struct shape){ .aslr = true, .folder = "/", .hostname = "hull" };
	if (node->type != JSON_OBJECT)
		return json_reader_refuse(&reader, node, "an object");
	for (size_t i = 0; i < ARRAY_SIZE(members) && r >= 0; i++)
		r = read_member(&reader, node, i, shape);
	if (r >= 0)
		r = read_env(&reader, node, &shape->env);
	if (r >= 0)
		r = read_binds(&reader, node, shape);
	if (r >= 0)
		r = read_emulators(&reader, node, shape);
	if (r >= 0)
		r = read_cpu(&reader, node, shape);
	if (r >= 0)
		r = read_fixed(&reader, node);
	if (r >= 0 && (r = read_word(&reader, node, "network", network_names, 0)) >= 0)
		shape->network = (enum network)r;
	if (r >= 0 && (r = read_word(&reader, node, "rootfs", roots, 0)) >= 0)
		shape->read_only = r == 1;
	if (r >= 0 && !shape->args.count)
		return error_set(EINVAL, "%s: runtime.args: must not be empty", name);
	if (r >= 0 && *shape->folder != '/')
		return error_set(EINVAL, "%s: runtime.cwd: must be absolute", name);
	return r < 0 ? r : 0;
}
