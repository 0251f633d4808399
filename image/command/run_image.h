/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_IMAGE_COMMAND_RUN_IMAGE_H
#define HULL_IMAGE_COMMAND_RUN_IMAGE_H

#include "image/command.h"
#include "image/run_options.h"

/*
 * Run the image that operand 0 names, by OPTIONS, with COMMAND in place of its own unless
 * that is empty. Returns with the exit code of a run that was recorded, or a negative errno
 * with a message.
 */
int run_image(const struct invocation *invocation, const struct run_options *options,
	char **command, int count);

/* The same for an image in one file (image/single.h), PATH; what it was locked to holds. */
int run_single(const struct invocation *invocation, const struct run_options *options,
	const char *path, char **command, int count);

/* The same for the lock file that operand 0 names, or hull.lock. */
int run_locked(const struct invocation *invocation, const struct run_options *options);

#endif
