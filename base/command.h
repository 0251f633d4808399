/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_BASE_COMMAND_H
#define HULL_BASE_COMMAND_H

/*
 * A command is a file in the command/ folder of its program that offers one
 * struct command; the program's main finds it in one table (base/front.h).
 */
#include "base/option.h"

/* The options in front of the command: each program has its own. */
struct global_options;

struct invocation {
	const struct command *command;
	const struct global_options *global;
	const void *options; /* as command->options says */
	char **operands;
	int operand_count;
	struct arena *arena;
	/* All that there is, for commands about commands. */
	const struct command *const *commands; /* up to NULL */
	const struct option *global_table;
};

struct command {
	const char *name, *synopsis, *summary;
	const struct option *options; /* up to one without a name */
	size_t options_bytes;
	int operands_least, operands_most; /* most -1: any number */
	bool in_order;			   /* options end at the first operand */
	bool enters_container;		   /* starts a process inside: see runtime/self.h */
	/* The exit code, or a negative errno with a message. */
	int (*run)(const struct invocation *invocation);
	int failure_code; /* the exit code of an error; 0 means 1 */
	int usage_code;	  /* that of a wrong command line; 0 means 1 */
	/* The containers that it is for, as in "created|running"; NULL: all; "": none, ID is new. */
	const char *of_status;
	bool hidden; /* not in --help */
};

#endif
