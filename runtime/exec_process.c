/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/exec_process.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"

/* CVE-2026-30892: a number is digits, all of it, and in range, or it is refused. */
static int parse_id(const char *text, size_t length, const char *option, uint64_t *id)
{
	uint64_t value = 0;

	for (size_t i = 0; i < length; i++) {
		if (text[i] < '0' || text[i] > '9' || value > UINT32_MAX / 10)
			return error_set(EINVAL, "--%s: not an id: \"%s\"", option, text);
		value = value * 10 + (uint64_t)(text[i] - '0');
	}
	/* The last id is (uid_t)-1, which stands for none. */
	if (!length || value >= UINT32_MAX)
		return error_set(EINVAL, "--%s: not an id: \"%s\"", option, text);
	*id = value;
	return 0;
}

static int set_user(struct config_user *user, const char *text)
{
	size_t length = strcspn(text, ":");
	int r = parse_id(text, length, "user", &user->uid);

	if (r < 0 || !text[length])
		return r;
	return parse_id(text + length + 1, strlen(text + length + 1), "user", &user->gid);
}

static void append_strings(
	struct arena *arena, struct string_list *list, const struct string_list *more)
{
	const char **items =
		arena_allocate(arena, (list->count + more->count + 1) * sizeof(*items));

	if (list->count)
		memcpy(items, list->items, list->count * sizeof(*items));
	if (more->count)
		memcpy(items + list->count, more->items, more->count * sizeof(*items));
	list->items = items;
	list->count += more->count;
}

static bool same_name(const char *one, const char *other)
{
	size_t length = strcspn(one, "=");

	return !strncmp(one, other, length) && (other[length] == '=' || !other[length]);
}

/* A name that is given again replaces the older value. */
static void merge_environment(
	struct arena *arena, struct string_list *list, const struct string_list *more)
{
	struct string_list merged = { 0 };
	size_t kept = 0;

	append_strings(arena, &merged, list);
	append_strings(arena, &merged, more);
	for (size_t i = 0; i < merged.count; i++) {
		bool again = false;

		for (size_t k = i + 1; k < merged.count && !again; k++)
			again = k >= list->count && same_name(merged.items[i], merged.items[k]);
		if (!again)
			merged.items[kept++] = merged.items[i];
	}
	merged.items[kept] = NULL;
	merged.count = kept;
	*list = merged;
}

static int append_gids(
	struct arena *arena, struct unsigned_list *list, const struct string_list *more)
{
	uint64_t *items = arena_allocate(arena, (list->count + more->count + 1) * sizeof(*items));

	if (list->count)
		memcpy(items, list->items, list->count * sizeof(*items));
	for (size_t i = 0; i < more->count; i++) {
		int r = parse_id(more->items[i], strlen(more->items[i]), "additional-gids",
			&items[list->count + i]);

		if (r < 0)
			return r;
	}
	list->items = items;
	list->count += more->count;
	return 0;
}

static bool is_listed(const struct string_list *list, const char *name)
{
	for (size_t i = 0; i < list->count; i++)
		if (!strcmp(list->items[i], name))
			return true;
	return false;
}

/*
 * Never to the inheritable set: it would pass through a setuid program (CVE-2022-29162). What
 * is in it already may be ambient too, or a user other than root would not keep it.
 */
static void add_capabilities(
	struct arena *arena, struct config_process *process, const struct string_list *names)
{
	struct config_capabilities *own = arena_allocate(arena, sizeof(*own));

	if (!names->count)
		return;
	if (process->capabilities)
		*own = *process->capabilities;
	append_strings(arena, &own->bounding, names);
	append_strings(arena, &own->effective, names);
	append_strings(arena, &own->permitted, names);
	for (size_t i = 0; i < names->count; i++)
		if (is_listed(&own->inheritable, names->items[i]))
			append_strings(
				arena, &own->ambient, &(struct string_list){ &names->items[i], 1 });
	process->capabilities = own;
}

static int process_from_file(
	struct config *config, const char *path, struct config_process **process)
{
	struct buffer *text = arena_allocate(&config->arena, sizeof(*text));
	int r = file_read_at(AT_FDCWD, path, text, 64u << 20);
	char *bytes;

	if (r < 0) {
		buffer_free(text);
		return error_errno(r, "--process: %s", path);
	}
	bytes = arena_copy(&config->arena, text->data ? text->data : "", text->length);
	r = config_parse_process(&config->arena, path, bytes, text->length, process);
	buffer_free(text);
	return r;
}

static int process_from_options(struct config *config, const struct exec_options *options,
	char **words, int count, struct config_process *process)
{
	struct arena *arena = &config->arena;
	struct string_list command = { (const char **)words, (size_t)count };
	struct config_user *user = arena_allocate(arena, sizeof(*user));
	int r = 0;

	if (!count)
		return error_set(EINVAL, "exec: a command is required (or --process)");
	process->args = (struct string_list){ 0 };
	append_strings(arena, &process->args, &command);
	merge_environment(arena, &process->env, &options->env);
	add_capabilities(arena, process, &options->capabilities);
	if (process->user)
		*user = *process->user;
	process->user = user;
	if (options->user)
		r = set_user(user, options->user);
	if (r >= 0)
		r = append_gids(arena, &user->additional_gids, &options->additional_gids);
	if (r < 0)
		return r;
	process->terminal = options->terminal;
	if (options->cwd)
		process->cwd = options->cwd;
	if (process->cwd[0] != '/')
		return error_set(EINVAL, "--cwd: must be absolute, got \"%s\"", process->cwd);
	if (options->apparmor)
		process->apparmor_profile = options->apparmor;
	if (options->label)
		process->selinux_label = options->label;
	process->no_new_privileges |= options->no_new_privileges;
	return 0;
}

int exec_process_make(struct config *config, const struct exec_options *options, char **words,
	int count, struct config_process **process)
{
	if (options->process) {
		if (count)
			return error_set(
				EINVAL, "exec: --process and a command exclude each other");
		return process_from_file(config, options->process, process);
	}
	*process = arena_allocate(&config->arena, sizeof(**process));
	**process = *config->process;
	return process_from_options(config, options, words, count, *process);
}
