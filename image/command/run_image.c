/* SPDX-License-Identifier: Apache-2.0 */
#include "image/command/run_image.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include "base/error.h"
#include "base/file.h"
#include "image/launch.h"
#include "image/locked.h"
#include "image/recorded.h"
#include "image/runtime.h"

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
	struct store *store, const struct store_image *image, const struct shape *shape,
	const struct lock *lock)
{
	const struct launch launch = {
		.global = invocation->global,
		.store = store,
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
	return r < 0 ? r : launch_image(invocation, options, store, image, &shape, NULL);
}

/* How it runs stands in the lock: only what does not decide about results may be said besides. */
static int check_locked_options(const struct invocation *invocation, const struct run_options *run)
{
	const size_t lists = run->binds.count + run->outputs.count + run->env.count +
			     run->env_files.count + run->cap_add.count + run->cap_drop.count +
			     run->devices.count;
	const char *const texts[] = { run->home, run->folder, run->user, run->entrypoint,
		run->hostname, run->network, run->cpus, run->memory, run->isolation, run->cpu_model,
		run->overlay, run->platform, run->pull };
	bool other = lists || run->cpu_weight || run->pids || run->read_only || run->no_aslr;

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		other |= texts[i] != NULL;
	if (other)
		return error_set(EINVAL,
			"--locked: the lock file says how to run; besides it only --name, "
			"--tenant, --tty, --detach and --record");
	if (invocation->operand_count > 1)
		return error_set(EINVAL, "--locked: the lock file says which command to run");
	return 0;
}

int run_locked(const struct invocation *invocation, const struct run_options *options)
{
	const char *path = invocation->operand_count ? invocation->operands[0] : LOCK_NAME;
	struct arena *arena = invocation->arena;
	_cleanup_store_ struct store *store = NULL;
	struct store_image *image;
	struct image_config config;
	struct lock lock;
	int r = check_locked_options(invocation, options);

	if (r >= 0)
		r = lock_load(arena, path, &lock, NULL);
	if (r >= 0)
		r = store_open(invocation->global->store, &store);
	if (r >= 0)
		r = locked_find(arena, path, &lock, store, &image);
	if (r >= 0)
		r = launch_read_config(arena, store, image, &config);
	if (r < 0)
		return r;
	lock.shape.labels = config.labels;
	if (options->tenant)
		lock.shape.tenant = options->tenant;
	lock.shape.terminal = shape_wants_terminal(options);
	return launch_image(invocation, options, store, image, &lock.shape, &lock);
}
