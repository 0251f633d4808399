/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_IMAGE_SHAPE_H
#define HULL_IMAGE_SHAPE_H

/*
 * The shape of a run: all that decides what a program sees and may do, with
 * nothing left to choose. It comes from an image's configuration and a command
 * line, or from a lock file; a bundle is made from it alone.
 */
#include <stdbool.h>
#include <stdint.h>

#include "image/cpu_model.h"
#include "image/image_config.h"
#include "image/run_options.h"

enum network { NETWORK_NONE, NETWORK_HOST, NETWORK_PRIVATE };

struct shape_bind {
	const char *source, *destination; /* absolute */
	bool read_only;
	bool output; /* what is in it after a run is the result */
};

/* What executes programs of another architecture (image/emulation.h). */
struct shape_emulator {
	const char *architecture, *path;
	/* Of a lock file, or once they were asked for: */
	const char *version, *machine; /* "10.0.13"; what the emulator itself is compiled for */
	struct digest digest;
};

struct shape {
	struct string_list args, env;
	const char *user; /* as it was said: names are the image's business (image/user.h) */
	const char *folder, *hostname, *stop_signal;
	const char *home; /* where a folder of the machine's is the home; NULL: none is */
	enum network network;
	bool read_only, terminal, aslr;
	struct {
		struct shape_bind *items;
		size_t count;
	} binds;
	struct {
		struct shape_emulator *items;
		size_t count;
	} emulators;
	struct string_list volumes, capabilities, devices;
	struct string_map labels;
	/* 0 or NULL: not limited, not set. */
	unsigned int cpus;	/* processors that it may run on, and threads */
	unsigned int cpu_quota; /* thousandths of a processor, where that is less */
	unsigned int threads, cpu_weight, pids;
	uint64_t memory; /* bytes */
	const char *tenant, *isolation;
	const struct cpu_model *cpu_model;
	const char *emulated_cpu; /* as the emulator names it; cpu_model is then NULL */
};

extern const char *const network_names[]; /* up to NULL */

/*
 * The shape that IMAGE and OPTIONS give, with COMMAND in place of the image's unless
 * it is empty. All strings live in ARENA or in what was given. -EINVAL, or why a file or
 * folder that was named cannot be used, with a message that begins with the option.
 */
int shape_make(struct arena *arena, const struct image_config *image,
	const struct run_options *options, char **command, int count, struct shape *shape);

/* When it was asked for, or the caller has one. */
bool shape_wants_terminal(const struct run_options *options);

/* Set NAME=VALUE in ENV, in place of what NAME was. */
void shape_set_variable(struct arena *arena, struct string_list *env, const char *assignment);

/* The value of NAME in ENV, or NULL. */
const char *shape_variable(const struct string_list *env, const char *name);

#endif
