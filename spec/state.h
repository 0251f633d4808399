/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_SPEC_STATE_H
#define HULL_SPEC_STATE_H

/* The state of a container (runtime.md "State"), as `state` prints it and hooks get it. */
#include <sys/types.h>

#include "base/json.h"
#include "spec/config.h"

struct container_state {
	const char *id, *status, *bundle; /* bundle: an absolute path */
	pid_t pid;			  /* 0 when there is no process */
	const struct string_map *annotations;
};

/* The spec's members, into an object that is open. */
void state_write(const struct container_state *state, struct json_writer *writer);

#endif
