/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "image/canonical.h"
#include "image/command/commands.h"
#include "image/command/lock_check.h"
#include "image/emulation.h"
#include "image/launch.h"
#include "image/lock_file.h"
#include "image/probe.h"
#include "image/runtime.h"

struct lock_options {
	struct run_options run;
	const char *file;
	bool check, update, diff;
};

#define LOCK_OPTION(member_, type_, name_, letter_, argument_, help_)                              \
	{ name_, letter_, OPTION_##type_, offsetof(struct lock_options, member_), argument_, help_ }

static const struct option options[] = {
	LOCK_OPTION(file, TEXT, "file", 'f', "FILE", "where to write it (default: hull.lock)"),
	LOCK_OPTION(check, FLAG, "check", 0, NULL,
		"ask every location of a lock file whether all that it pins is still there"),
	LOCK_OPTION(update, FLAG, "update", 0, NULL,
		"pin what the name stands for now, and show what is different"),
	LOCK_OPTION(diff, FLAG, "diff", 0, NULL, "show in what two lock files differ"),
	RUN_OPTIONS(offsetof(struct lock_options, run)),
	{ 0 },
};

/* ---- making one ------------------------------------------------------------------------------ */

static int probe_it(const struct invocation *invocation, struct store *store,
	const struct store_image *image, struct probe *probe)
{
	const char *state_folder = runtime_state_folder(invocation->arena, invocation->global);

	*probe = (struct probe){ 0 };
	return state_folder ? probe_image(invocation->arena, store, image, state_folder, probe)
			    : -EACCES;
}

/* The image that REFERENCE names, and what it needs, in the lock. */
static int pin_image(const struct invocation *invocation, struct store *store,
	const char *reference, const struct run_options *run, struct lock *lock,
	struct probe *probe)
{
	struct store_image *image;
	int r = launch_find_image(invocation->arena, store, reference, run, &image);

	if (r < 0)
		return r;
	lock->reference = image->name;
	lock->image = *image;
	lock->locations = (struct string_list){ 0 };
	lock_find_locations(invocation->arena, lock);
	r = probe_it(invocation, store, image, probe);
	lock->kernel_least = probe->kernel_least;
	return r;
}

static int write_lock(const char *path, struct lock *lock)
{
	_cleanup_buffer_ struct buffer text = { 0 };
	int r;

	lock_write(&text, lock);
	r = file_replace_at(AT_FDCWD, path, text.data, text.length, 0644);
	if (r < 0)
		return error_errno(r, "cannot write %s", path);
	printf("%s: environment %s\n", path, DIGEST_SHOW(&lock->environment));
	return 0;
}

static int lock_make(const struct invocation *invocation, struct store *store)
{
	const struct lock_options *wanted = invocation->options;
	struct arena *arena = invocation->arena;
	struct image_config config;
	struct lock lock = { 0 };
	struct probe probe;
	int r = pin_image(invocation, store, invocation->operands[0], &wanted->run, &lock, &probe);

	if (r >= 0)
		r = launch_read_config(arena, store, &lock.image, &config);
	if (r >= 0)
		r = shape_make(arena, &config, &wanted->run, invocation->operands + 1,
			invocation->operand_count - 1, &lock.shape);
	if (r >= 0)
		r = emulation_identify(arena, &lock.shape);
	if (r >= 0)
		r = lock_find_inputs(arena, &lock);
	return r < 0 ? r : write_lock(wanted->file ? wanted->file : LOCK_NAME, &lock);
}

/* ---- the others ------------------------------------------------------------------------------ */

static int check_operands(const struct invocation *invocation, int most)
{
	if (invocation->operand_count > most)
		return error_set(EINVAL, "too many arguments, usage: hull image lock %s",
			invocation->command->synopsis);
	return 0;
}

static const char *file_operand(const struct invocation *invocation)
{
	return invocation->operand_count ? invocation->operands[0] : LOCK_NAME;
}

static void show_packages(struct arena *arena, const struct json *old, const struct json *new)
{
	_cleanup_buffer_ struct buffer text = { 0 };

	if (old && new && (old->count || new->count) && canonical_compare(&text, arena, old, new))
		printf("%s", text.data);
}

static int lock_update(const struct invocation *invocation, struct store *store)
{
	struct arena *arena = invocation->arena;
	const char *path = file_operand(invocation);
	struct run_options run = ((const struct lock_options *)invocation->options)->run;
	_cleanup_buffer_ struct buffer text = { 0 }, lines = { 0 };
	const struct json *document;
	struct json *updated;
	struct lock old, new;
	struct probe before = { 0 }, after;
	struct store_image *image;
	int r = check_operands(invocation, 1);

	if (r >= 0)
		r = lock_load_altered(arena, path, &old, &document);
	if (r < 0)
		return r;
	new = old;
	run.pull = "always";
	run.platform = old.image.platform;
	/* What it was can be looked at only while it is here. */
	if (store_image_find(store, arena, DIGEST_SHOW(&old.image.manifest.digest), &image) >= 0)
		r = probe_it(invocation, store, image, &before);
	error_clear();
	if (r >= 0)
		r = pin_image(invocation, store, old.reference, &run, &new, &after);
	if (r >= 0)
		r = lock_find_inputs(arena, &new);
	if (r < 0)
		return r;
	lock_write(&text, &new);
	r = json_parse(arena, path, text.data, text.length, &updated);
	if (r < 0)
		return r;
	if (!canonical_compare(&lines, arena, document, updated) && !old.altered) {
		printf("%s: nothing has changed\n", path);
		return 0;
	}
	printf("%s", lines.data ? lines.data : "");
	show_packages(arena, before.packages, after.packages);
	return write_lock(path, &new);
}

/* The exit code is diff(1)'s. */
static int lock_diff(const struct invocation *invocation)
{
	_cleanup_buffer_ struct buffer lines = { 0 };
	const struct json *documents[2];
	struct lock locks[2];

	if (invocation->operand_count != 2)
		return error_set(EINVAL, "--diff: takes two lock files");
	for (int i = 0; i < 2; i++) {
		int r = lock_load(
			invocation->arena, invocation->operands[i], &locks[i], &documents[i]);

		if (r < 0)
			return r;
	}
	if (!canonical_compare(&lines, invocation->arena, documents[0], documents[1]))
		return 0;
	printf("%s", lines.data);
	return 1;
}

static int lock_check(const struct invocation *invocation, struct store *store)
{
	const struct lock_options *wanted = invocation->options;
	struct registry_settings settings = { 0 };
	struct lock lock;
	int r = check_operands(invocation, 1);

	if (r >= 0)
		r = registry_options_read(&wanted->run.registry, &settings);
	if (r >= 0)
		r = lock_load(invocation->arena, file_operand(invocation), &lock, NULL);
	return r < 0 ? r : lock_check_locations(invocation->arena, store, &lock, &settings);
}

static int lock_run(const struct invocation *invocation)
{
	const struct lock_options *wanted = invocation->options;
	_cleanup_store_ struct store *store = NULL;
	int r;

	if (wanted->check + wanted->update + wanted->diff > 1)
		return error_set(EINVAL, "--check, --update and --diff exclude each other");
	if (wanted->diff)
		return lock_diff(invocation);
	r = store_open(invocation->global->store, &store);
	if (r < 0)
		return r;
	if (wanted->check)
		return lock_check(invocation, store);
	if (wanted->update)
		return lock_update(invocation, store);
	if (!invocation->operand_count)
		return error_set(EINVAL, "an image is missing, usage: hull image lock %s",
			invocation->command->synopsis);
	return lock_make(invocation, store);
}

const struct command command_lock = {
	.name = "lock",
	.synopsis = "[OPTIONS] IMAGE [-- COMMAND] [ARGUMENTS]",
	.summary = "write down exactly what will run, in a file for `run --locked`",
	.options = options,
	.options_bytes = sizeof(struct lock_options),
	.operands_most = -1,
	.run = lock_run,
};
