/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/file.h"
#include "image/command/commands.h"
#include "image/emulation.h"
#include "image/locked.h"
#include "image/recorded.h"

#define DIFFERENT 1

struct rerun_options {
	const char *into;
};

static const struct option options[] = {
	{ "into", 0, OPTION_TEXT, offsetof(struct rerun_options, into), "DIR",
		"keep the new results there (default: a folder in /var/tmp, kept when they "
		"differ)" },
	{ 0 },
};

/* ---- results --------------------------------------------------------------------------------- */

/* A folder of its own for each, so that the first results stay as they are. */
static int replace_outputs(struct arena *arena, const char *into, struct shape *shape)
{
	for (size_t i = 0; i < shape->binds.count; i++) {
		const char *folder = arena_format(arena, "%s/%zu", into, i);

		if (!shape->binds.items[i].output)
			continue;
		if (mkdir(folder, 0777) < 0)
			return error_errno(errno, "cannot make %s", folder);
		shape->binds.items[i].source = folder;
	}
	return 0;
}

/* The first byte in which two files differ; -1 when the first results are not there any more. */
static long long first_difference(const struct record_file *old, const struct record_file *new)
{
	_cleanup_close_ int old_fd = open(old->place, O_RDONLY | O_CLOEXEC);
	_cleanup_close_ int new_fd = open(new->place, O_RDONLY | O_CLOEXEC);
	FILE *left = old_fd < 0 ? NULL : fdopen(TAKE_FD(old_fd), "r");
	FILE *right = new_fd < 0 ? NULL : fdopen(TAKE_FD(new_fd), "r");
	long long at = -1;

	if (left && right) {
		int byte;

		for (at = 0; (byte = getc_unlocked(left)) == getc_unlocked(right) && byte != EOF;)
			at++;
	}
	if (left)
		(void)fclose(left);
	if (right)
		(void)fclose(right);
	return at;
}

static void report_difference(const struct record_file *old, const struct record_file *new)
{
	struct digest now = { 0 };
	_cleanup_close_ int fd = open(old->place, O_RDONLY | O_CLOEXEC);
	bool is_here = fd >= 0 && digest_of_file(fd, &now) >= 0 && digest_equal(&now, &old->digest);

	printf("differs: %s: %llu bytes, now %llu", old->path, (unsigned long long)old->size,
		(unsigned long long)new->size);
	if (is_here)
		printf(", from byte %lld on", first_difference(old, new));
	printf("\n");
}

/* How many are not the same. */
static size_t compare_results(const struct record_files *old, const struct record_files *new)
{
	size_t differences = 0;

	for (size_t i = 0, j = 0; i < old->count || j < new->count;) {
		int order = i == old->count   ? 1
			    : j == new->count ? -1
					      : strcmp(old->items[i].path, new->items[j].path);

		if (order < 0) {
			printf("missing: %s\n", old->items[i++].path);
			differences++;
		} else if (order > 0) {
			printf("new: %s\n", new->items[j++].path);
			differences++;
		} else {
			if (!digest_equal(&old->items[i].digest, &new->items[j].digest)) {
				report_difference(&old->items[i], &new->items[j]);
				differences++;
			} else {
				printf("same: %s\n", old->items[i].path);
			}
			i++;
			j++;
		}
	}
	return differences;
}

/* ---- causes ---------------------------------------------------------------------------------- */

/* What was different, the likeliest first; what the lock pins cannot be it. */
static void report_causes(const struct record *old, const struct record *new)
{
	const struct shape *shape = &old->lock.shape;
	bool processor = strcmp(old->machine.flags, new->machine.flags) != 0 ||
			 strcmp(old->machine.processor, new->machine.processor) != 0;

	if (processor && !shape->cpu_model && !shape->emulated_cpu)
		printf("likely: another processor (%s, now %s): pin the numbers with "
		       "--cpu-model\n",
			old->machine.processor, new->machine.processor);
	if (!shape->cpus)
		printf("likely: the number of processors was not pinned: --cpus\n");
	if (shape->network == NETWORK_HOST)
		printf("possible: what came over the network\n");
	if (processor && shape->cpu_model)
		printf("possible: another processor (%s, now %s), seen by code that asks it "
		       "directly\n",
			old->machine.processor, new->machine.processor);
	if (strcmp(old->machine.kernel, new->machine.kernel) != 0)
		printf("possible: another kernel (%s, now %s)\n", old->machine.kernel,
			new->machine.kernel);
	if (strcmp(old->machine.runtime, new->machine.runtime) != 0)
		printf("possible: another hull (%s, now %s)\n", old->machine.runtime,
			new->machine.runtime);
	printf("possible: the clock, random numbers%s, or the order of threads\n",
		shape->aslr ? ", addresses (--no-aslr)" : "");
}

/* ---- all of it ------------------------------------------------------------------------------- */

static int make_folder(struct arena *arena, const char *wanted, const char **into)
{
	char *path = arena_format(arena, "/var/tmp/hull-rerun-XXXXXX");

	if (wanted) {
		if (mkdir(wanted, 0777) < 0)
			return error_errno(errno, "--into: cannot make %s", wanted);
		path = realpath(wanted, NULL);
		*into = path ? arena_copy(arena, path, strlen(path)) : wanted;
		free(path);
		return 0;
	}
	*into = mkdtemp(path);
	return *into ? 0 : error_errno(errno, "cannot make a folder in /var/tmp");
}

static int run_again(const struct invocation *invocation, struct store *store,
	const struct record *old, struct record *new)
{
	struct arena *arena = invocation->arena;
	struct launch launch = {
		.global = invocation->global, .store = store, .shape = &new->lock.shape
	};
	struct store_image *image;
	struct image_config config;
	int r = locked_find(arena, invocation->operands[0], &old->lock, store, &image);

	if (r >= 0)
		r = emulation_find_locked(arena, invocation->operands[0], &new->lock.shape);
	if (r >= 0)
		r = launch_read_config(arena, store, image, &config);
	if (r < 0)
		return r;
	new->lock.shape.labels = config.labels;
	launch.image = image;
	return recorded_run(arena, &launch, new);
}

static int judge(const struct record *old, const struct record *new, const char *into, bool keep)
{
	size_t differences = compare_results(&old->outputs, &new->outputs);

	if (old->exit_code != new->exit_code) {
		printf("exit code: %d, now %d\n", old->exit_code, new->exit_code);
		differences++;
	}
	if (differences) {
		report_causes(old, new);
		printf("the new results are in %s\n", into);
		return DIFFERENT;
	}
	if (!keep)
		(void)file_remove_tree_at(AT_FDCWD, into);
	return 0;
}

static int rerun_run(const struct invocation *invocation)
{
	const struct rerun_options *wanted = invocation->options;
	struct arena *arena = invocation->arena;
	_cleanup_store_ struct store *store = NULL;
	struct record old, new = { 0 };
	const char *into = NULL;
	int r = record_load(arena, invocation->operands[0], &old);

	if (r >= 0)
		r = store_open(invocation->global->store, &store);
	if (r >= 0)
		r = make_folder(arena, wanted->into, &into);
	if (r < 0)
		return r;
	new.lock = old.lock;
	new.lock.shape.binds.items = arena_allocate(
		arena, (old.lock.shape.binds.count + 1) * sizeof(*new.lock.shape.binds.items));
	for (size_t i = 0; i < old.lock.shape.binds.count; i++)
		new.lock.shape.binds.items[i] = old.lock.shape.binds.items[i];
	r = replace_outputs(arena, into, &new.lock.shape);
	if (r >= 0)
		r = run_again(invocation, store, &old, &new);
	if (r < 0) {
		(void)file_remove_tree_at(AT_FDCWD, into);
		return r;
	}
	return judge(&old, &new, into, wanted->into);
}

const struct command command_rerun = {
	.name = "rerun",
	.synopsis = "[OPTIONS] RECORD",
	.summary = "run again what a record says, and compare the results byte by byte",
	.options = options,
	.options_bytes = sizeof(struct rerun_options),
	.operands_least = 1,
	.operands_most = 1,
	.run = rerun_run,
	.failure_code = LAUNCH_FAILED,
	.usage_code = LAUNCH_FAILED,
};
