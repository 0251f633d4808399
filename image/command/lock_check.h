/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_IMAGE_COMMAND_LOCK_CHECK_H
#define HULL_IMAGE_COMMAND_LOCK_CHECK_H

#include "image/lock_file.h"
#include "image/registry.h"

/*
 * `lock --check`: ask the store and each location of the lock for every manifest and
 * blob, and print a line for each place: what it lacks. 0 when some place has all, 1 when
 * none does, or a negative errno with a message.
 */
int lock_check_locations(struct arena *arena, struct store *store, const struct lock *lock,
	const struct registry_settings *settings);

#endif
