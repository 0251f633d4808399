/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_RUNTIME_CHECKPOINT_ABILITY_H
#define HULL_RUNTIME_CHECKPOINT_ABILITY_H

/*
 * What this kernel and this CRIU cannot do, found before anything is stopped or made. 0, or
 * -EOPNOTSUPP with a message.
 */
#include "checkpoint/criu.h"
#include "runtime/checkpoint.h"
#include "runtime/container.h"

int checkpoint_ability_dump(struct criu *criu, const struct container *container,
	const struct checkpoint_request *request);
int checkpoint_ability_restore(struct criu *criu, const struct checkpoint_request *request);

#endif
