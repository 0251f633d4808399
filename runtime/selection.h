/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_RUNTIME_SELECTION_H
#define HULL_RUNTIME_SELECTION_H

/* Several containers at once: all of them, or those whose id a regular expression describes. */
#include <stddef.h>

struct selection {
	char **ids; /* in the order of the alphabet */
	size_t count;
};

/*
 * The folders in the state root whose name fits PATTERN, an extended regular
 * expression that may match anywhere in it (NULL: all). -EINVAL with a message
 * when it is none.
 */
int selection_make(struct selection *selection, int root_fd, const char *pattern);
void selection_free(struct selection *selection);

#define _cleanup_selection_ __attribute__((cleanup(selection_free)))

/*
 * Do ACT on each container that fits. What fails is a warning, and the others
 * have their turn; in the end it is an error that says how many have failed.
 */
int selection_each(int root_fd, const char *pattern,
	int (*act)(int root_fd, const char *id, const void *context), const void *context);

#endif
