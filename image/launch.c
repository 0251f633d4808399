/* SPDX-License-Identifier: Apache-2.0 */
#include "image/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "image/bundle.h"
#include "image/cpu_model.h"
#include "image/emulation.h"
#include "image/network.h"
#include "image/processors.h"
#include "image/pull.h"
#include "image/reference.h"
#include "image/runtime.h"
#include "image/sandbox.h"

#define CPUINFO_BYTES_MOST (16u << 20)

/* ---- the image ------------------------------------------------------------------------------- */

static int pull(struct arena *arena, struct store *store, const struct reference *reference,
	const struct run_options *options)
{
	struct pull_settings settings = { 0 };
	struct platform platform;
	struct copy_result result;
	int r = registry_options_read(&options->registry, &settings.registry);

	if (r >= 0)
		r = platform_option_read(arena, options->platform, &platform, &settings.platform);
	return r < 0 ? r : image_pull(store, reference, &settings, &result);
}

/* By its whole name, else as it was said: by digits of a digest, or however it was imported. */
static int find_image(struct arena *arena, struct store *store, const char *text,
	const struct reference *reference, struct store_image **image)
{
	int r = store_image_find(
		store, arena, reference->name ? reference->name : reference->text, image);

	return r == -ENOENT ? store_image_find(store, arena, text, image) : r;
}

/* The store has one image under a name: -ENOENT with a message when it is for another platform. */
static int check_platform(struct arena *arena, const struct store_image *image, const char *wanted)
{
	struct platform here, platform;
	int r = wanted ? platform_parse(arena, wanted, &platform) : 0;

	if (!wanted || r < 0)
		return r;
	if (image->platform && platform_parse(arena, image->platform, &here) >= 0 &&
		platform_fit(&platform, &here))
		return 0;
	return error_set(ENOENT, "%s in the store is for %s, not for %s", image->name,
		image->platform ? image->platform : "no platform that is known",
		platform_text(arena, &platform));
}

int launch_find_image(struct arena *arena, struct store *store, const char *text,
	const struct run_options *options, struct store_image **image)
{
	const char *when = options->pull ? options->pull : "missing";
	struct reference reference;
	int r = reference_parse(arena, text, TRANSPORT_REGISTRY, &reference);

	if (r < 0)
		return r;
	if (strcmp(when, "missing") != 0 && strcmp(when, "always") != 0 &&
		strcmp(when, "never") != 0)
		return error_set(
			EINVAL, "--pull: must be missing, always or never, got \"%s\"", when);
	r = strcmp(when, "always") != 0 ? find_image(arena, store, text, &reference, image)
					: -ENOENT;
	if (r >= 0)
		r = check_platform(arena, *image, options->platform);
	if (r != -ENOENT || !strcmp(when, "never"))
		return r;
	error_clear();
	r = pull(arena, store, &reference, options);
	return r < 0 ? r : find_image(arena, store, text, &reference, image);
}

int launch_read_config(struct arena *arena, struct store *store, const struct store_image *image,
	struct image_config *config)
{
	_cleanup_buffer_ struct buffer text = { 0 };
	int r = store_blob_read(store, &image->config.digest, &text);

	if (r < 0)
		return r;
	return image_config_parse(arena, image->name, text.data, text.length, config);
}

/* ---- what a program inherits ----------------------------------------------------------------- */

static int check_cpu_model(const struct shape *shape)
{
	_cleanup_buffer_ struct buffer text = { 0 };
	int r;

	if (!shape->cpu_model)
		return 0;
	r = file_read_at(AT_FDCWD, "/proc/cpuinfo", &text, CPUINFO_BYTES_MOST);
	if (r < 0)
		return error_errno(r, "/proc/cpuinfo");
	return cpu_model_check(shape->cpu_model, text.data ? text.data : "");
}

static int inherit(struct arena *arena, const struct shape *shape, const char **cpus)
{
	int r = check_cpu_model(shape);

	*cpus = NULL;
	if (r >= 0 && shape->cpus)
		r = processors_choose(arena, shape->cpus, cpus);
	if (r >= 0 && !shape->aslr && personality(ADDR_NO_RANDOMIZE) < 0)
		r = error_errno(errno, "--no-aslr");
	return r;
}

/* ---- the container --------------------------------------------------------------------------- */

/* "docker.io/library/debian:12" becomes "debian-4f09a1". */
static const char *make_name(struct arena *arena, const char *image)
{
	const char *slash = strrchr(image, '/'), *name = slash ? slash + 1 : image;
	size_t length = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "0123456789_-");
	unsigned int number = 0;

	(void)getrandom(&number, sizeof(number), 0);
	if (!length || length > 64 || !strncmp(name, "sha256:", 7)) {
		name = "image";
		length = 5;
	}
	return arena_format(arena, "%.*s-%06x", (int)length, name, number & 0xffffff);
}

static void finish_words(struct arena *arena, const struct launch *launch,
	const struct sandbox *sandbox, struct string_list *words)
{
	string_list_add(arena, words, "run");
	string_list_add(arena, words, "--engine-codes");
	if (launch->detach)
		string_list_add(arena, words, "--detach");
	if (launch->shape->network == NETWORK_PRIVATE) {
		string_list_add(arena, words, "--pid-file");
		string_list_add(
			arena, words, arena_format(arena, "%s/" NETWORK_PID, sandbox->path));
	}
	if (launch->shape->tenant) {
		string_list_add(arena, words, "--tenant");
		string_list_add(arena, words, launch->shape->tenant);
	}
	if (launch->shape->cpu_weight) {
		string_list_add(arena, words, "--cpu-weight");
		string_list_add(arena, words, arena_format(arena, "%u", launch->shape->cpu_weight));
	}
	string_list_add(arena, words, "--bundle");
	string_list_add(arena, words, arena_copy(arena, sandbox->path, strlen(sandbox->path)));
	string_list_add(
		arena, words, launch->name ? launch->name : make_name(arena, launch->image->name));
}

int launch_prepare(struct arena *arena, const struct launch *launch, struct string_list *words)
{
	_cleanup_sandbox_ struct sandbox sandbox = SANDBOX_NONE;
	const char *state_folder = runtime_state_folder(arena, launch->global);
	struct bundle bundle;
	const char *cpus;
	int r;

	if (!state_folder)
		return -EACCES;
	r = inherit(arena, launch->shape, &cpus);
	if (r >= 0)
		r = sandbox_enter(&sandbox, state_folder);
	if (r >= 0)
		r = launch->mount ? sandbox_attach(&sandbox, launch->mount, launch->overlay)
				  : sandbox_mount(&sandbox, launch->store, launch->image,
					    launch->overlay);
	if (r >= 0)
		r = emulation_check_program(sandbox.root_fd, launch->image->name,
			launch->image->platform, launch->shape);
	if (r >= 0 && launch->shape->network == NETWORK_PRIVATE)
		r = network_private(sandbox.path);
	if (r < 0)
		return r;
	bundle = (struct bundle){
		.path = sandbox.path,
		.fd = sandbox.fd,
		.root_fd = sandbox.root_fd,
		.user_namespace = sandbox.user_namespace,
		.tty_group = sandbox.tty_group,
		.cpus = cpus,
		/* A user's containers often have no cgroup; the affinity holds without. */
		.cpuset = !sandbox.user_namespace,
	};
	r = bundle_make(arena, &bundle, launch->shape);
	if (r < 0)
		return r;
	runtime_words(arena, launch->global, state_folder, words);
	finish_words(arena, launch, &sandbox, words);
	return 0;
}
