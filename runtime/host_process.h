/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_RUNTIME_HOST_PROCESS_H
#define HULL_RUNTIME_HOST_PROCESS_H

/* The first process of a container that is being made on the host. */
#include "runtime/isolation.h"

/* It is known to state.json before it may go on. */
int host_record_process(struct container *container, const struct process_handle *handle);

#endif
