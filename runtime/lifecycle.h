/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_RUNTIME_LIFECYCLE_H
#define HULL_RUNTIME_LIFECYCLE_H

/* What `create`, `run`, `start` and `delete` have in common (runtime.md "Lifecycle"). */
#include "runtime/isolation.h"

struct lifecycle_request {
	const struct global_options *global;
	const struct create_options *options;
	const struct checkpoint_request *restore; /* NULL: a container that begins anew */
};

/*
 * Make the container ID from the bundle, up to the point where its program waits
 * for `start`, or with START until it runs. On an error nothing is left. The
 * container stays locked.
 */
int lifecycle_create(struct container *container, const struct lifecycle_request *wanted,
	const char *id, bool start, struct process_handle *handle);

/* After the program was started: the poststart hooks. A failing one ends the container. */
int lifecycle_poststart(struct container *container);

/* End the container, give everything back, run the poststop hooks, forget it. */
int lifecycle_destroy(struct container *container);

/* What --preserve-fds promises to the container must be there. */
int lifecycle_check_preserved(unsigned int count);

#endif
