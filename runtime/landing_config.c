/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/path.h"
#include "ns/mount_option.h"
#include "runtime/landing.h"

static bool is_allowed(const struct string_list *allowed, const char *path)
{
	if (path_has_dot_dot(path))
		return false;
	for (size_t i = 0; i < allowed->count; i++) {
		const char *folder = allowed->items[i];
		size_t length = strlen(folder);

		while (length && folder[length - 1] == '/')
			length--;
		if (!strncmp(path, folder, length) && (!path[length] || path[length] == '/'))
			return true;
	}
	return false;
}

static int refuse(const char *member, const char *path)
{
	return error_set(EPERM,
		"config.json: %s: %s is of this host, and not below a folder of --allow "
		"(a config.json in the bundle here may say anything)",
		member, path);
}

static bool is_bind(const struct config_mount *mount, size_t index)
{
	struct mount_options options = { 0 };

	return mount_options_parse(mount, index, &options) >= 0 && mount->source &&
	       (options.bind || (mount->type && !strcmp(mount->type, "bind")));
}

static int check_hooks(const struct config_hooks *hooks)
{
	if (!hooks)
		return 0;
	if (hooks->prestart.count || hooks->create_runtime.count || hooks->create_container.count ||
		hooks->start_container.count || hooks->poststart.count || hooks->poststop.count)
		return error_set(EPERM,
			"config.json: hooks: programs of this host are not started for what comes "
			"from elsewhere (a config.json in the bundle here may say anything)");
	return 0;
}

static int check_allowed(
	const struct config *config, const struct string_list *allowed, const char *shared)
{
	const struct config_linux *section = config->linux;

	for (size_t i = 0; i < config->mounts.count; i++)
		if (is_bind(&config->mounts.items[i], i) &&
			!is_allowed(allowed, config->mounts.items[i].source))
			return refuse("mounts", config->mounts.items[i].source);
	for (size_t i = 0; i < section->namespaces.count; i++) {
		const char *path = section->namespaces.items[i].path;

		if (path && *path && !is_allowed(allowed, path))
			return refuse("linux.namespaces", path);
	}
	if (shared && !is_allowed(allowed, shared))
		return refuse("root.path", shared);
	return check_hooks(config->hooks);
}

static void write_root(struct json_writer *writer, const struct json *root, const char *path)
{
	json_begin_object(writer, "root");
	json_write_string(writer, "path", path);
	json_for_each (member, root)
		if (strcmp(member->key, "path") != 0)
			json_write_node(writer, member->key, member);
	json_end_object(writer);
}

int landing_config(const char *text, const struct string_list *allowed, const char *shared,
	struct buffer *result)
{
	_cleanup_config_ struct config config = { 0 };
	_cleanup_arena_ struct arena arena = { 0 };
	struct json_writer writer = { .buffer = result, .pretty = true };
	struct json *root = NULL;
	int r = config_parse(&config, "config.json", text, strlen(text));

	if (r >= 0)
		r = check_allowed(&config, allowed, shared);
	if (r >= 0)
		r = json_parse(&arena, "config.json", text, strlen(text), &root);
	if (r < 0)
		return r;
	json_begin_object(&writer, NULL);
	json_for_each (member, root)
		if (!strcmp(member->key, "root") && member->type == JSON_OBJECT)
			write_root(&writer, member, shared ? shared : LANDING_ROOTFS);
		else
			json_write_node(&writer, member->key, member);
	json_end_object(&writer);
	buffer_text(result, "\n");
	return 0;
}

int landing_check_paths(const struct config *config, const char *bundle)
{
	const struct config_linux *section = config->linux;

	for (size_t i = 0; i < config->mounts.count; i++) {
		const struct config_mount *mount = &config->mounts.items[i];
		_cleanup_free_ char *path = NULL;

		if (!is_bind(mount, i))
			continue;
		path = string_format("%s%s%s", *mount->source == '/' ? "" : bundle,
			*mount->source == '/' ? "" : "/", mount->source);
		if (access(path, F_OK) < 0)
			return error_errno(errno, "config.json: mounts[%zu].source: %s", i, path);
	}
	for (size_t i = 0; i < section->namespaces.count; i++) {
		const char *path = section->namespaces.items[i].path;

		if (path && *path && access(path, F_OK) < 0)
			return error_errno(errno, "config.json: linux.namespaces: %s", path);
	}
	return 0;
}
