/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_BASE_OPTION_H
#define HULL_BASE_OPTION_H

/*
 * Command lines by table: an option is a line, and --help, the parser and the
 * manual page read the same line. Accepted as by runc and crun: --name VALUE,
 * --name=VALUE, -n VALUE, -nVALUE, -ab for flags, "--" before operands.
 */
#include <stdbool.h>
#include <stddef.h>

#include "base/memory.h"

enum option_type {
	OPTION_FLAG,   /* bool; also --name=true and --name=false */
	OPTION_TEXT,   /* const char * */
	OPTION_NUMBER, /* unsigned int */
	OPTION_LIST,   /* struct string_list: may be given several times */
};

struct option {
	const char *name;
	char letter; /* 0: none */
	enum option_type type;
	size_t offset;	      /* in the struct of the command's options */
	const char *argument; /* what --help calls the value */
	const char *help;     /* NULL: accepted and ignored, not shown */
	const char *values;   /* the words that it takes, where they are few: "table json" */
};

/*
 * Fill TARGET from the words. Options end at the first operand when IN_ORDER,
 * else operands may stand between them. The operands are moved to the front of
 * WORDS; their number, or -EINVAL with a message.
 */
int option_parse(const struct option *table, void *target, struct arena *arena, char **words,
	int count, bool in_order);

/* --help, which every command has; main sees to it. */
extern const struct option option_help[];

/* The options as --help shows them. */
void option_print(const struct option *table);

#endif
