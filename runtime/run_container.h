/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_RUNTIME_RUN_CONTAINER_H
#define HULL_RUNTIME_RUN_CONTAINER_H

/* `run` and `restore`: a container from its making to its end. */
#include "runtime/lifecycle.h"

/*
 * Make it and let it run; with --detach until it does, else until it ends, which is its end too.
 * Its exit code, or a negative errno with a message.
 */
int run_container(const struct lifecycle_request *request, const char *id);

#endif
