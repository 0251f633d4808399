/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/microvm_bundle.h"

#include <string.h>

#include "base/error.h"
#include "runtime/microvm_check.h"
#include "runtime/microvm_size.h"
#include "spec/config.h"

/* Where hull-guest mounts the shares. */
#define SHARE_FOLDER "/run/share"

/* ---- config.json ------------------------------------------------------------------------------------ */

struct rewriting {
	struct json_writer writer;
	struct microvm_bundle *bundle;
	struct container *container;
	const struct config *config;
};

static void share(struct rewriting *rewriting, const char *name, const char *path, bool read_only)
{
	struct string_list *shares = &rewriting->bundle->shares;

	shares->items[shares->count++] = arena_format(
		&rewriting->container->arena, "%s=%s%s", name, path, read_only ? ":ro" : "");
}

static bool has_option(const struct json *mount, const char *const *words)
{
	const struct json *options = json_get(mount, "options");

	if (options && options->type == JSON_ARRAY)
		json_for_each (option, options)
			for (size_t i = 0; option->type == JSON_STRING && words[i]; i++)
				if (!strcmp(option->text, words[i]))
					return true;
	return false;
}

/* A bind mount's source is what the share is there. */
static void write_mount(struct rewriting *rewriting, const struct json *mount)
{
	static const char *const binds[] = { "bind", "rbind", NULL };
	static const char *const read_only[] = { "ro", "rro", NULL };
	const struct json *type = json_get(mount, "type"), *source = json_get(mount, "source");
	struct arena *arena = &rewriting->container->arena;
	bool is_bind = has_option(mount, binds) ||
		       (type && type->type == JSON_STRING && !strcmp(type->text, "bind"));
	const char *name = arena_format(arena, "mount%zu", mount->index);

	if (!is_bind || !source || source->type != JSON_STRING) {
		json_write_node(&rewriting->writer, NULL, mount);
		return;
	}
	share(rewriting, name,
		source->text[0] == '/' ? source->text
				       : arena_format(arena, "%s/%s",
						 rewriting->container->record.bundle, source->text),
		has_option(mount, read_only));
	json_begin_object(&rewriting->writer, NULL);
	json_for_each (member, mount)
		if (member != source)
			json_write_node(&rewriting->writer, member->key, member);
	json_write_string(
		&rewriting->writer, "source", arena_format(arena, SHARE_FOLDER "/%s", name));
	json_end_object(&rewriting->writer);
}

static void write_root(struct rewriting *rewriting, const struct json *root)
{
	json_begin_object(&rewriting->writer, "root");
	json_for_each (member, root)
		if (strcmp(member->key, "path") != 0)
			json_write_node(&rewriting->writer, member->key, member);
	json_write_string(&rewriting->writer, "path", SHARE_FOLDER "/rootfs");
	json_end_object(&rewriting->writer);
	share(rewriting, "rootfs", rewriting->container->record.rootfs, false);
}

/* A namespace that is joined out here is a new one in there: its interfaces follow. */
static void write_namespace(struct rewriting *rewriting, const struct json *namespace)
{
	json_begin_object(&rewriting->writer, NULL);
	json_for_each (member, namespace)
		if (strcmp(member->key, "path") != 0)
			json_write_node(&rewriting->writer, member->key, member);
	json_end_object(&rewriting->writer);
}

static void write_namespaces(struct rewriting *rewriting, const struct json *namespaces)
{
	json_begin_array(&rewriting->writer, "namespaces");
	json_for_each (namespace, namespaces)
		write_namespace(rewriting, namespace);
	json_end_array(&rewriting->writer);
}

/* Of processors, disks and network classes the host's own are meant, and limited there. */
static const char *const limits_outside[] = { "cpu", "blockIO", "network", "rdma", NULL };

/* The labels and processors that these name are the host's. */
static const char *const of_the_host[] = { "apparmorProfile", "selinuxLabel", "execCPUAffinity",
	NULL };

/* The object without these members; the list ends with NULL. */
static void write_without(
	struct rewriting *rewriting, const struct json *object, const char *const *left_out)
{
	json_begin_object(&rewriting->writer, object->key);
	json_for_each (member, object) {
		bool kept = true;

		for (const char *const *name = left_out; *name; name++)
			kept = kept && strcmp(member->key, *name) != 0;
		if (kept)
			json_write_node(&rewriting->writer, member->key, member);
	}
	json_end_object(&rewriting->writer);
}

/* The guest has a cgroup tree of its own. */
static void write_linux(struct rewriting *rewriting, const struct json *linux)
{
	json_begin_object(&rewriting->writer, "linux");
	json_for_each (member, linux)
		if (!strcmp(member->key, "namespaces") && member->type == JSON_ARRAY)
			write_namespaces(rewriting, member);
		else if (!strcmp(member->key, "resources") && member->type == JSON_OBJECT)
			write_without(rewriting, member, limits_outside);
		else if (strcmp(member->key, "cgroupsPath") != 0 &&
			 strcmp(member->key, "intelRdt") != 0 &&
			 strcmp(member->key, "mountLabel") != 0)
			json_write_node(&rewriting->writer, member->key, member);
	json_end_object(&rewriting->writer);
}

/* What is ours decides about the machine, not about the container in it. */
static void write_annotations(struct rewriting *rewriting, const struct json *annotations)
{
	json_begin_object(&rewriting->writer, "annotations");
	json_for_each (member, annotations)
		if (strncmp(member->key, "hull.", 5) != 0)
			json_write_node(&rewriting->writer, member->key, member);
	json_end_object(&rewriting->writer);
}

/* Those that are the rootfs's own programs; the others run out here. */
static void write_hooks(struct rewriting *rewriting, const struct json *hooks)
{
	const struct json *start = json_get(hooks, "startContainer");

	json_begin_object(&rewriting->writer, "hooks");
	if (start)
		json_write_node(&rewriting->writer, "startContainer", start);
	json_end_object(&rewriting->writer);
}

static void write_member(struct rewriting *rewriting, const struct json *member)
{
	if (!strcmp(member->key, "root") && member->type == JSON_OBJECT) {
		write_root(rewriting, member);
	} else if (!strcmp(member->key, "mounts") && member->type == JSON_ARRAY) {
		json_begin_array(&rewriting->writer, "mounts");
		json_for_each (mount, member)
			write_mount(rewriting, mount);
		json_end_array(&rewriting->writer);
	} else if (!strcmp(member->key, "linux") && member->type == JSON_OBJECT) {
		write_linux(rewriting, member);
	} else if (!strcmp(member->key, "annotations") && member->type == JSON_OBJECT) {
		write_annotations(rewriting, member);
	} else if (!strcmp(member->key, "process") && member->type == JSON_OBJECT) {
		write_without(rewriting, member, of_the_host);
	} else if (!strcmp(member->key, "hooks") && member->type == JSON_OBJECT) {
		write_hooks(rewriting, member);
	} else if (strcmp(member->key, "vm") != 0) {
		json_write_node(&rewriting->writer, member->key, member);
	}
}

int microvm_bundle_make(
	struct microvm_bundle *bundle, struct container *container, const struct config *config)
{
	struct rewriting rewriting = {
		.writer = { .buffer = &bundle->document },
		.bundle = bundle,
		.container = container,
		.config = config,
	};
	struct json *root;
	int r = microvm_check(config);

	if (r >= 0)
		r = json_parse(&container->arena, "config.json", config->document.data,
			config->document.length, &root);
	if (r < 0)
		return r;
	bundle->shares.items = arena_allocate(
		&container->arena, (config->mounts.count + 2) * sizeof(*bundle->shares.items));
	bundle->vcpus = microvm_vcpus(config);
	bundle->memory = microvm_memory(config);
	json_begin_object(&rewriting.writer, NULL);
	json_for_each (member, root)
		write_member(&rewriting, member);
	json_end_object(&rewriting.writer);
	return 0;
}

/* ---- process.json ----------------------------------------------------------------------------------- */

static void write_list(struct json_writer *writer, const char *key, const struct string_list *list)
{
	json_begin_array(writer, key);
	for (size_t i = 0; i < list->count; i++)
		json_write_string(writer, NULL, list->items[i]);
	json_end_array(writer);
}

static void write_user(struct json_writer *writer, const struct config_user *user)
{
	json_begin_object(writer, "user");
	json_write_unsigned(writer, "uid", user->uid);
	json_write_unsigned(writer, "gid", user->gid);
	if (user->umask.set)
		json_write_unsigned(writer, "umask", user->umask.value);
	json_begin_array(writer, "additionalGids");
	for (size_t i = 0; i < user->additional_gids.count; i++)
		json_write_unsigned(writer, NULL, user->additional_gids.items[i]);
	json_end_array(writer);
	json_end_object(writer);
}

static void write_capabilities(
	struct json_writer *writer, const struct config_capabilities *capabilities)
{
	json_begin_object(writer, "capabilities");
	write_list(writer, "bounding", &capabilities->bounding);
	write_list(writer, "effective", &capabilities->effective);
	write_list(writer, "inheritable", &capabilities->inheritable);
	write_list(writer, "permitted", &capabilities->permitted);
	write_list(writer, "ambient", &capabilities->ambient);
	json_end_object(writer);
}

static void write_scheduler(struct json_writer *writer, const struct config_scheduler *scheduler)
{
	json_begin_object(writer, "scheduler");
	json_write_string(writer, "policy", scheduler->policy);
	if (scheduler->nice.set)
		json_write_integer(writer, "nice", scheduler->nice.value);
	if (scheduler->priority.set)
		json_write_integer(writer, "priority", scheduler->priority.value);
	write_list(writer, "flags", &scheduler->flags);
	json_write_unsigned(writer, "runtime", scheduler->runtime);
	json_write_unsigned(writer, "deadline", scheduler->deadline);
	json_write_unsigned(writer, "period", scheduler->period);
	json_end_object(writer);
}

void microvm_process_write(struct buffer *document, const struct config_process *process)
{
	struct json_writer writer = { .buffer = document };

	json_begin_object(&writer, NULL);
	json_write_bool(&writer, "terminal", process->terminal);
	json_write_bool(&writer, "noNewPrivileges", process->no_new_privileges);
	if (process->user)
		write_user(&writer, process->user);
	write_list(&writer, "args", &process->args);
	write_list(&writer, "env", &process->env);
	json_write_string(&writer, "cwd", process->cwd);
	if (process->capabilities)
		write_capabilities(&writer, process->capabilities);
	if (process->oom_score_adj.set)
		json_write_integer(&writer, "oomScoreAdj", process->oom_score_adj.value);
	if (process->scheduler)
		write_scheduler(&writer, process->scheduler);
	if (process->io_priority) {
		json_begin_object(&writer, "ioPriority");
		json_write_string(&writer, "class", process->io_priority->class);
		json_write_integer(&writer, "priority", process->io_priority->priority);
		json_end_object(&writer);
	}
	if (process->console_size) {
		json_begin_object(&writer, "consoleSize");
		json_write_unsigned(&writer, "height", process->console_size->height);
		json_write_unsigned(&writer, "width", process->console_size->width);
		json_end_object(&writer);
	}
	json_begin_array(&writer, "rlimits");
	for (size_t i = 0; i < process->rlimits.count; i++) {
		json_begin_object(&writer, NULL);
		json_write_string(&writer, "type", process->rlimits.items[i].type);
		json_write_unsigned(&writer, "soft", process->rlimits.items[i].soft);
		json_write_unsigned(&writer, "hard", process->rlimits.items[i].hard);
		json_end_object(&writer);
	}
	json_end_array(&writer);
	json_end_object(&writer);
}
