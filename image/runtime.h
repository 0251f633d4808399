/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_IMAGE_RUNTIME_H
#define HULL_IMAGE_RUNTIME_H

/* hull, the runtime: the program beside this one, with the options that this one was given. */
#include "base/buffer.h"
#include "image/command.h"

/* Where the states of containers are, absolute where it is there; NULL with a message. */
const char *runtime_state_folder(struct arena *arena, const struct global_options *global);

/* The words of a command line of hull: those in front of the command; add the rest. */
void runtime_words(struct arena *arena, const struct global_options *global,
	const char *state_folder, struct string_list *words);

/* Become hull. Returns only to fail: a negative errno with a message. */
int runtime_execute(const struct string_list *words);

/*
 * Run it and add what it prints to OUTPUT (may be NULL: then it is the caller's). Its wait
 * status, or a negative errno with a message.
 */
int runtime_run(const struct string_list *words, struct buffer *output);

#endif
