/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_RUNTIME_COMPLETION_COMPLETION_H
#define HULL_RUNTIME_COMPLETION_COMPLETION_H

/*
 * Completion of hull's command line by shells. What there is to complete comes
 * from the tables of commands and options; how a shell does it stands in a file
 * of that shell's language beside this one, and is printed in front.
 */
#include "base/buffer.h"
#include "runtime/command.h"

/* The front of a program of its own (runtime/handover.h), which is asked what it takes. */
#define COMPLETION_IMAGE       "image"
#define COMPLETION_IMAGE_ABOUT "images pulled, pinned and run"

struct completion {
	const struct command *const *commands; /* up to NULL */
	const struct option *global_table;
};

void completion_print_bash(const struct completion *completion);
void completion_print_zsh(const struct completion *completion);
void completion_print_fish(const struct completion *completion);

/* What may stand in a place of the command line. */
enum place_kind {
	PLACE_ANYTHING,
	PLACE_FOLDER,
	PLACE_FILE,
	PLACE_PROGRAM,
	PLACE_CONTAINER, /* words: the statuses, as struct command's of_status */
	PLACE_WORDS,	 /* words, with blanks between */
};

struct place {
	enum place_kind kind;
	struct buffer words;
};

/* The value of an option that takes one. */
void place_of_option(struct place *place, const struct option *option);

/* The operand that SYNOPSIS calls NAME, of LENGTH bytes: "ID", "SIGNAL". */
void place_of_operand(
	struct place *place, const struct command *command, const char *name, size_t length);
void place_free(struct place *place);

#define _cleanup_place_ __attribute__((cleanup(place_free)))

/*
 * The operands of a synopsis one after another, without brackets. *AT starts as
 * the synopsis; the length of the next and in *NAME where it is; 0 at the end.
 */
size_t synopsis_next(const char **at, const char **name);

/* The files of the shells' languages, embedded. */
extern const char completion_bash[], completion_zsh[], completion_fish[];

#endif
