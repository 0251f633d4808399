/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_RUNTIME_OBSTACLE_H
#define HULL_RUNTIME_OBSTACLE_H

/*
 * What a checkpoint would fail at, found without touching the container: a line on standard
 * output each, with the process, the descriptor, and what helps.
 */
#include <sys/types.h>

#include "base/buffer.h"
#include "runtime/checkpoint.h"
#include "runtime/container.h"

struct obstacle_search {
	const struct container *container;
	const struct checkpoint_request *request;
	unsigned int criu_version; /* 40101: 4.1.1; 0: there is none */
	const char *mountinfo;	   /* of the container */
	unsigned int found;
	/* Not NULL: only what no option helps against is looked for, and the first is put here. */
	struct buffer *hopeless;
};

void obstacle_found(struct obstacle_search *search, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* What PROCESS has open; one that has ended meanwhile has nothing. */
void obstacle_descriptors(struct obstacle_search *search, pid_t process);

#endif
