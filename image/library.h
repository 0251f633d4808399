/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_IMAGE_LIBRARY_H
#define HULL_IMAGE_LIBRARY_H

/*
 * Libraries that are loaded when they are first needed: linked, they would cost each command
 * milliseconds, above all `run`, which needs none of them.
 */
#include <stddef.h>

struct library_function {
	const char *name;
	size_t offset; /* of its pointer in the table */
};

/* The addresses of COUNT functions of FILE into TABLE. Negative errno with a message. */
int library_load(
	const char *file, const struct library_function *functions, size_t count, void *table);

#endif
