/* SPDX-License-Identifier: Apache-2.0 */
#include "image/command/run_image.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "image/emulation.h"
#include "image/launch.h"
#include "image/locked.h"
#include "image/recorded.h"
#include "image/runtime.h"
#include "image/single.h"

static int execute(const struct invocation *invocation, const struct launch *launch)
{
	struct string_list words = { 0 };
	int r = launch_prepare(invocation->arena, launch, &words);

	if (r < 0)
		return r;
	if (launch->detach) {
		printf("%s\n", words.items[words.count - 1]);
		(void)fflush(stdout);
	}
	return runtime_execute(&words);
}

/* The program's exit code. */
static int execute_recorded(const struct invocation *invocation, const struct launch *launch,
	const struct lock *lock, const char *path)
{
	_cleanup_buffer_ struct buffer text = { 0 };
	struct record record = { 0 };
	int r;

	if (launch->detach)
		return error_set(EINVAL, "--record and --detach exclude each other");
	if (lock) {
		record.lock = *lock;
	} else {
		record.lock = (struct lock){ .reference = launch->image->name,
			.image = *launch->image,
			.shape = *launch->shape };
		lock_find_locations(invocation->arena, &record.lock);
	}
	r = record_find_outputs(invocation->arena, launch->shape, &record.outputs);
	if (r >= 0 && record.outputs.count)
		r = error_set(ENOTEMPTY,
			"--output: %s was here before, and would count as a result of this run",
			record.outputs.items[0].place);
	if (r >= 0 && !lock)
		r = emulation_identify(invocation->arena, &record.lock.shape);
	if (r >= 0)
		r = lock_find_inputs(invocation->arena, &record.lock);
	if (r >= 0)
		r = recorded_run(invocation->arena, launch, &record);
	if (r < 0)
		return r;
	record_write(&text, &record);
	r = file_replace_at(AT_FDCWD, path, text.data, text.length, 0644);
	return r < 0 ? error_errno(r, "cannot write %s", path) : record.exit_code;
}

/* LOCK may be NULL. */
static int launch_image(const struct invocation *invocation, const struct run_options *options,
	struct store *store, struct image_mount *mount, const struct store_image *image,
	const struct shape *shape, const struct lock *lock)
{
	const struct launch launch = {
		.global = invocation->global,
		.store = store,
		.mount = mount,
		.image = image,
		.shape = shape,
		.name = options->name,
		.overlay = options->overlay,
		.detach = options->detach,
	};

	return options->record ? execute_recorded(invocation, &launch, lock, options->record)
			       : execute(invocation, &launch);
}

int run_image(const struct invocation *invocation, const struct run_options *options,
	char **command, int count)
{
	_cleanup_store_ struct store *store = NULL;
	struct store_image *image;
	struct image_config config;
	struct shape shape;
	int r = store_open(invocation->global->store, &store);

	if (r >= 0)
		r = launch_find_image(
			invocation->arena, store, invocation->operands[0], options, &image);
	if (r >= 0)
		r = launch_read_config(invocation->arena, store, image, &config);
	if (r >= 0)
		r = shape_make(invocation->arena, &config, options, command, count, &shape);
	return r < 0 ? r : launch_image(invocation, options, store, NULL, image, &shape, NULL);
}

/* How it runs stands in the lock: only what does not decide about results may be said besides. */
static int check_locked_options(const struct run_options *run)
{
	const size_t lists = run->binds.count + run->outputs.count + run->env.count +
			     run->env_files.count + run->cap_add.count + run->cap_drop.count +
			     run->devices.count;
	const char *const texts[] = { run->home, run->folder, run->user, run->entrypoint,
		run->hostname, run->network, run->cpus, run->memory, run->isolation, run->cpu_model,
		run->overlay, run->platform, run->pull, run->emulator };
	bool other = lists || run->cpu_weight || run->pids || run->read_only || run->no_aslr;

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		other |= texts[i] != NULL;
	if (other)
		return error_set(EINVAL,
			"--locked: the lock file says how to run; besides it only --name, "
			"--tenant, --tty, --detach and --record");
	return 0;
}

/* What the lock leaves open. */
static void finish_shape(
	const struct run_options *options, const struct image_config *config, struct shape *shape)
{
	shape->labels = config->labels;
	if (options->tenant)
		shape->tenant = options->tenant;
	shape->terminal = shape_wants_terminal(options);
}

int run_locked(const struct invocation *invocation, const struct run_options *options)
{
	const char *path = invocation->operand_count ? invocation->operands[0] : LOCK_NAME;
	struct arena *arena = invocation->arena;
	_cleanup_store_ struct store *store = NULL;
	struct store_image *image;
	struct image_config config;
	struct lock lock;
	int r = check_locked_options(options);

	if (r >= 0 && invocation->operand_count > 1)
		r = error_set(EINVAL, "--locked: the lock file says which command to run");
	if (r >= 0)
		r = lock_load(arena, path, &lock, NULL);
	if (r >= 0)
		r = store_open(invocation->global->store, &store);
	if (r >= 0)
		r = locked_find(arena, path, &lock, store, &image);
	if (r >= 0)
		r = emulation_find_locked(arena, path, &lock.shape);
	if (r >= 0)
		r = launch_read_config(arena, store, image, &config);
	if (r < 0)
		return r;
	finish_shape(options, &config, &lock.shape);
	return launch_image(invocation, options, store, NULL, image, &lock.shape, &lock);
}

/* As the lock of the file says; words behind it are more of the program's. */
static int pinned_shape(struct arena *arena, struct single *single,
	const struct run_options *options, const struct image_config *config, char **command,
	int count)
{
	struct shape *shape = &single->lock.shape;
	int r = check_locked_options(options);

	if (r >= 0)
		r = locked_check(single->path, &single->lock, &single->lock.image);
	if (r >= 0)
		r = emulation_find_locked(arena, single->path, shape);
	for (int i = 0; i < count; i++)
		string_list_add(arena, &shape->args, command[i]);
	finish_shape(options, config, shape);
	return r;
}

/* Mounted as it is, or, where that cannot be, from the store. */
static int launch_single(const struct invocation *invocation, const struct run_options *options,
	const struct single *single, const struct shape *shape)
{
	_cleanup_image_mount_ struct image_mount mount = IMAGE_MOUNT_NONE;
	_cleanup_store_ struct store *store = NULL;
	const struct lock *lock = single->pinned ? &single->lock : NULL;
	struct store_image image = single->lock.image;
	int r = image_mount_single(single->fd, single->path, &mount);

	if (r >= 0)
		return launch_image(invocation, options, NULL, &mount, &image, shape, lock);
	log_info("%s: it goes into the store", error_text(r));
	error_clear();
	image.name = arena_format(
		invocation->arena, "%s@%s", image.name, DIGEST_SHOW(&image.manifest.digest));
	r = store_open(invocation->global->store, &store);
	if (r >= 0)
		r = single_import(store, single, image.name);
	return r < 0 ? r : launch_image(invocation, options, store, NULL, &image, shape, lock);
}

int run_single(const struct invocation *invocation, const struct run_options *options,
	const char *path, char **command, int count)
{
	_cleanup_single_ struct single single = { .fd = -EBADF };
	struct arena *arena = invocation->arena;
	struct image_config config;
	struct shape shape;
	int r = single_open(arena, path, &single);

	if (r >= 0)
		r = image_config_parse(arena, path, single.config, strlen(single.config), &config);
	if (r < 0)
		return r;
	if (single.pinned) {
		r = pinned_shape(arena, &single, options, &config, command, count);
		shape = single.lock.shape;
	} else {
		r = shape_make(arena, &config, options, command, count, &shape);
	}
	return r < 0 ? r : launch_single(invocation, options, &single, &shape);
}
