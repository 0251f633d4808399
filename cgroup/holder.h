/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_CGROUP_HOLDER_H
#define HULL_CGROUP_HOLDER_H

/* Who keeps a group from being removed, in words for a person who has to do something about it. */
#include <stddef.h>
#include <sys/types.h>

#include "base/buffer.h"

/*
 * Append "process 42 (cat) is still in it, ..." with what it is doing: of
 * several (COUNT is not 0) one that cannot be interrupted, which holds the others too.
 */
void holder_describe(struct buffer *text, const pid_t *pids, size_t count);

#endif
