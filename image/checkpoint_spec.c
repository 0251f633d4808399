/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "base/path.h"
#include "image/checkpoint_unpack.h"

struct checking {
	struct arena arena;
	const struct string_list *allowed;
};

static bool is_below(const char *path, const char *folder)
{
	size_t length = strlen(folder);

	while (length && folder[length - 1] == '/')
		length--;
	return !strncmp(path, folder, length) && (path[length] == '/' || !path[length]);
}

/* NODE is a text that hull would open on the host. */
static int check_path(struct checking *checking, const struct json *node)
{
	if (!node || node->type != JSON_STRING || !*node->text)
		return 0;
	for (size_t i = 0; i < checking->allowed->count; i++)
		if (node->text[0] == '/' && !path_has_dot_dot(node->text) &&
			is_below(node->text, checking->allowed->items[i]))
			return 0;
	return error_set(EPERM,
		"spec.dump: %s: the archive may not choose paths of this machine: --allow-path "
		"\"%s\", or a bundle with a config.json of its own",
		json_path(&checking->arena, node), node->text);
}

static bool mount_is_bind(const struct json *mount, const char *type)
{
	const struct json *options = json_get(mount, "options");

	if (!strcmp(type, "bind"))
		return true;
	if (options && options->type == JSON_ARRAY)
		json_for_each (option, options)
			if (option->type == JSON_STRING &&
				(!strcmp(option->text, "bind") || !strcmp(option->text, "rbind")))
				return true;
	return false;
}

/* Of these types the source is a name alone. */
static bool type_is_own(const char *type)
{
	static const char *const types[] = { "proc", "sysfs", "tmpfs", "devpts", "mqueue", "cgroup",
		"cgroup2" };

	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		if (!strcmp(type, types[i]))
			return true;
	return false;
}

static int check_mount(struct checking *checking, const struct json *mount)
{
	const struct json *type = json_get(mount, "type");
	const char *name = type && type->type == JSON_STRING ? type->text : "";

	if (mount_is_bind(mount, name))
		return check_path(checking, json_get(mount, "source"));
	if (type_is_own(name))
		return 0;
	return error_set(EPERM,
		"spec.dump: %s: the archive may not mount file systems of type \"%s\"",
		json_path(&checking->arena, mount), name);
}

static int check_each(struct checking *checking, const struct json *list,
	int (*check)(struct checking *checking, const struct json *item))
{
	int r = 0;

	if (!list || list->type != JSON_ARRAY)
		return 0;
	json_for_each (item, list) {
		r = check(checking, item);
		if (r < 0)
			break;
	}
	return r;
}

static int check_path_member(struct checking *checking, const struct json *item)
{
	return check_path(checking, json_get(item, "path"));
}

static int check_empty(struct checking *checking, const struct json *node, const char *what)
{
	return node && node->count
		       ? error_set(EPERM,
				 "spec.dump: %s: the archive may not have %s: they need a bundle "
				 "with a config.json of its own",
				 json_path(&checking->arena, node), what)
		       : 0;
}

static int check_spec(struct checking *checking, const struct json *spec)
{
	const struct json *section = json_get(spec, "linux");
	int r = check_empty(checking, json_get(spec, "hooks"), "hooks");

	if (r >= 0)
		r = check_each(checking, json_get(spec, "mounts"), check_mount);
	if (r >= 0)
		r = check_each(checking, json_get(section, "namespaces"), check_path_member);
	if (r >= 0)
		r = check_each(checking, json_get(section, "devices"), check_path_member);
	if (r >= 0)
		r = check_path(checking, json_get(json_get(section, "seccomp"), "listenerPath"));
	return r < 0 ? r
		     : check_empty(checking, json_get(section, "netDevices"),
			       "network devices of this machine");
}

/* All members of OBJECT but those named, up to NULL. */
static void write_members(
	struct json_writer *writer, const struct json *object, const char *const *without)
{
	json_for_each (member, object) {
		bool kept = true;

		for (size_t i = 0; without[i]; i++)
			kept = kept && strcmp(member->key, without[i]) != 0;
		if (kept)
			json_write_node(writer, member->key, member);
	}
}

/* Without what would make hull execute or open files of the host by an annotation. */
static void write_annotations(struct json_writer *writer, const struct json *annotations)
{
	if (!annotations || annotations->type != JSON_OBJECT)
		return;
	json_begin_object(writer, "annotations");
	json_for_each (member, annotations)
		if (strncmp(member->key, "hull.", 5) != 0 &&
			strncmp(member->key, "run.oci.", 8) != 0)
			json_write_node(writer, member->key, member);
	json_end_object(writer);
}

int checkpoint_spec(
	const struct json *spec, const struct string_list *allowed, struct buffer *config)
{
	struct checking checking = { { 0 }, allowed };
	struct json_writer writer = { .buffer = config, .pretty = true };
	const struct json *root = json_get(spec, "root"), *section = json_get(spec, "linux");
	int r;

	if (!spec || spec->type != JSON_OBJECT || !root || root->type != JSON_OBJECT || !section ||
		section->type != JSON_OBJECT)
		return error_set(EINVAL, "spec.dump: is not the configuration of a container");
	r = check_spec(&checking, spec);
	arena_free(&checking.arena);
	if (r < 0)
		return r;
	json_begin_object(&writer, NULL);
	write_members(&writer, spec,
		(const char *const[]){ "root", "linux", "hooks", "vm", "annotations", NULL });
	json_begin_object(&writer, "root");
	json_write_string(&writer, "path", "rootfs");
	write_members(&writer, root, (const char *const[]){ "path", NULL });
	json_end_object(&writer);
	json_begin_object(&writer, "linux");
	write_members(&writer, section, (const char *const[]){ "cgroupsPath", NULL });
	json_end_object(&writer);
	write_annotations(&writer, json_get(spec, "annotations"));
	json_end_object(&writer);
	return 0;
}
