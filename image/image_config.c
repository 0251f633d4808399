/* SPDX-License-Identifier: Apache-2.0 */
#include "image/image_config.h"

#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "image/manifest.h"
#include "spec/decode.h"

/* The keys of an object whose values say nothing. */
struct raw_key {
	const char *key;
};

struct raw_keys {
	struct raw_key *items;
	size_t count;
};

struct raw_settings {
	const char *user, *working_folder, *stop_signal;
	struct string_list env, entrypoint, command;
	struct string_map labels;
	struct raw_keys volumes, exposed_ports;
};

struct raw_rootfs {
	const char *type;
	struct string_list diff_ids;
};

struct raw_config {
	const char *architecture, *os, *variant, *created, *author;
	struct raw_settings *settings;
	struct raw_rootfs *rootfs;
	struct {
		struct image_history *items;
		size_t count;
	} history;
};

static const struct field key_fields[] = { { 0 } };
static const struct table key_table = { sizeof(struct raw_key), key_fields, NULL };

#define SETTING(member_) offsetof(struct raw_settings, member_)

static const struct field setting_fields[] = {
	{ "User", FIELD_STRING, SETTING(user) },
	{ "WorkingDir", FIELD_STRING, SETTING(working_folder) },
	{ "StopSignal", FIELD_STRING, SETTING(stop_signal) },
	{ "Env", FIELD_STRINGS, SETTING(env) },
	{ "Entrypoint", FIELD_STRINGS, SETTING(entrypoint) },
	{ "Cmd", FIELD_STRINGS, SETTING(command) },
	{ "Labels", FIELD_STRING_MAP, SETTING(labels) },
	{ "Volumes", FIELD_OBJECT_MAP, SETTING(volumes), 0, 0, &key_table },
	{ "ExposedPorts", FIELD_OBJECT_MAP, SETTING(exposed_ports), 0, 0, &key_table },
	{ 0 },
};
static const struct table setting_table = { sizeof(struct raw_settings), setting_fields, NULL };

static const struct field rootfs_fields[] = {
	{ "type", FIELD_STRING, offsetof(struct raw_rootfs, type) },
	{ "diff_ids", FIELD_STRINGS, offsetof(struct raw_rootfs, diff_ids) },
	{ 0 },
};
static const struct table rootfs_table = { sizeof(struct raw_rootfs), rootfs_fields, NULL };

static const struct field history_fields[] = {
	{ "created", FIELD_STRING, offsetof(struct image_history, created) },
	{ "created_by", FIELD_STRING, offsetof(struct image_history, created_by) },
	{ "comment", FIELD_STRING, offsetof(struct image_history, comment) },
	{ "empty_layer", FIELD_BOOL, offsetof(struct image_history, empty_layer) },
	{ 0 },
};
static const struct table history_table = { sizeof(struct image_history), history_fields, NULL };

static const struct field config_fields[] = {
	{ "architecture", FIELD_STRING, offsetof(struct raw_config, architecture) },
	{ "os", FIELD_STRING, offsetof(struct raw_config, os) },
	{ "variant", FIELD_STRING, offsetof(struct raw_config, variant) },
	{ "created", FIELD_STRING, offsetof(struct raw_config, created) },
	{ "author", FIELD_STRING, offsetof(struct raw_config, author) },
	{ "config", FIELD_OBJECT, offsetof(struct raw_config, settings), 0, 0, &setting_table },
	{ "rootfs", FIELD_OBJECT, offsetof(struct raw_config, rootfs), REQUIRED, 0, &rootfs_table },
	{ "history", FIELD_OBJECTS, offsetof(struct raw_config, history), 0, 0, &history_table },
	{ 0 },
};
static const struct table config_table = { sizeof(struct raw_config), config_fields, NULL };

static struct string_list take_keys(struct arena *arena, const struct raw_keys *keys)
{
	struct string_list list = { arena_allocate(arena, (keys->count + 1) * sizeof(*list.items)),
		keys->count };

	for (size_t i = 0; i < keys->count; i++)
		list.items[i] = keys->items[i].key;
	return list;
}

static int take_diff_ids(struct arena *arena, const char *name, const struct string_list *texts,
	struct image_config *config)
{
	config->diff_id_count = texts->count;
	config->diff_ids = arena_allocate(arena, (texts->count + 1) * sizeof(*config->diff_ids));
	for (size_t i = 0; i < texts->count; i++)
		if (digest_parse(texts->items[i], &config->diff_ids[i]) < 0)
			return error_context(-EINVAL, "%s: rootfs.diff_ids[%zu]", name, i);
	return 0;
}

int image_config_parse(struct arena *arena, const char *name, const char *bytes, size_t length,
	struct image_config *config)
{
	static const struct raw_settings no_settings;
	const struct decoder decoder = { arena, name, bytes };
	const struct raw_settings *settings;
	struct raw_config raw = { 0 };
	struct json *root;
	int r = json_parse(arena, name, bytes, length, &root);

	if (r >= 0)
		r = decode_object(&decoder, root, &config_table, &raw);
	if (r < 0)
		return r;
	settings = raw.settings ? raw.settings : &no_settings;
	*config = (struct image_config){
		.os = raw.os ? raw.os : "linux",
		.architecture = raw.architecture ? raw.architecture : "unknown",
		.variant = raw.variant,
		.created = raw.created,
		.author = raw.author,
		.user = settings->user,
		.working_folder = settings->working_folder,
		.stop_signal = settings->stop_signal,
		.env = settings->env,
		.entrypoint = settings->entrypoint,
		.command = settings->command,
		.labels = settings->labels,
		.volumes = take_keys(arena, &settings->volumes),
		.exposed_ports = take_keys(arena, &settings->exposed_ports),
		.history = raw.history.items,
		.history_count = raw.history.count,
	};
	return take_diff_ids(arena, name, &raw.rootfs->diff_ids, config);
}

int image_config_check(
	const char *name, const struct image_config *config, const struct manifest *manifest)
{
	if (config->diff_id_count != manifest->layer_count)
		return error_set(EINVAL,
			"%s: the manifest has %zu layers, its config speaks of %zu "
			"(rootfs.diff_ids)",
			name, manifest->layer_count, config->diff_id_count);
	return 0;
}
