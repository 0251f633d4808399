/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_RUNTIME_HOST_CHECKPOINT_H
#define HULL_RUNTIME_HOST_CHECKPOINT_H

/* Containers on the host, saved and made again by CRIU: rows of runtime/isolation.h. */
#include "runtime/checkpoint.h"
#include "runtime/isolation.h"

int host_checkpoint(const struct container *container, const struct config *config,
	const struct checkpoint_request *request);
/* Tells what a checkpoint would fail at, and touches nothing; an error when there is something. */
int host_examine(const struct container *container, const struct checkpoint_request *request);
int host_restore(struct container *container, const struct process_request *request,
	struct process_handle *handle);

#endif
