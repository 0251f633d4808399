/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_RUNTIME_STATE_MOUNT_H
#define HULL_RUNTIME_STATE_MOUNT_H

#include "runtime/container.h"

/*
 * One more mount for a container that is being created: NAME, which exists in its state
 * folder, at DESTINATION inside, read-only, after the mounts of config.json. 0 or an error
 * with a message.
 */
int state_mount_add(const struct container *container, struct config *config, const char *name,
	const char *destination);

#endif
