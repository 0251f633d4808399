/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_IMAGE_COMMAND_H
#define HULL_IMAGE_COMMAND_H

/*
 * A command of `hull image` is a file in image/command/ that offers one struct
 * image_command; image/main.c finds it in one table.
 */
#include "base/option.h"

/* The options in front of the command: the same for all. */
struct image_global {
	const char *store; /* NULL: store_default_path() */
	bool debug, verbose, help, version;
};

struct image_invocation {
	const struct image_command *command;
	const struct image_global *global;
	const void *options; /* as command->options says */
	char **operands;
	int operand_count;
	struct arena *arena;
};

struct image_command {
	const char *name, *synopsis, *summary;
	const struct option *options; /* up to one without a name */
	size_t options_bytes;
	int operands_least, operands_most; /* most -1: any number */
	bool in_order;			   /* options end at the first operand */
	/* The exit code, or a negative errno with a message. */
	int (*run)(const struct image_invocation *invocation);
};

#endif
