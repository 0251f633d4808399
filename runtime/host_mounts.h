/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_RUNTIME_HOST_MOUNTS_H
#define HULL_RUNTIME_HOST_MOUNTS_H

#include "runtime/container.h"

/* The mounts of CONFIG into the running container, or (without ADD) away from it. */
int host_change_mounts(const struct container *container, const struct config *config, bool add);

#endif
