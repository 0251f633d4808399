/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_RUNTIME_THAW_GUARD_H
#define HULL_RUNTIME_THAW_GUARD_H

/*
 * A process beside a checkpoint that thaws the container when hull is killed, so that it does not
 * stand still for ever; but not while a migration of it is in doubt (MIGRATION_MARK is there).
 */
#include <sys/types.h>

#include "runtime/container.h"

/* In the state folder, from the moment that the target may have the container. */
#define MIGRATION_MARK "migration.json"

struct thaw_guard {
	pid_t pid; /* 0: there is none */
	int fd;
};

/* From now on; CRIU's process (a descriptor of it) ends first. 0 or an error with a message. */
int thaw_guard_begin(struct thaw_guard *guard, const struct container *container, int criu_pidfd);
void thaw_guard_end(struct thaw_guard *guard);

#endif
