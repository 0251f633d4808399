/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_IMAGE_CANONICAL_H
#define HULL_IMAGE_CANONICAL_H

/*
 * JSON in one form alone, for files whose digest is a name and that people read and
 * compare: members sorted by their keys' bytes, a line each, two blanks deeper with each
 * level, numbers as they were written, no line feed behind the last brace.
 */
#include "base/json.h"

/* Add NODE to TEXT, without its own member WITHOUT (may be NULL). */
void canonical_write(struct buffer *text, const struct json *node, const char *without);

/*
 * Add a line "PATH: OLD -> NEW" for each place in which two documents differ, in
 * the order of the paths; "(none)" where one has nothing. The number of lines.
 */
size_t canonical_compare(
	struct buffer *text, struct arena *arena, const struct json *old, const struct json *new);

#endif
