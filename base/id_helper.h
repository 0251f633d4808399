/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_BASE_ID_HELPER_H
#define HULL_BASE_ID_HELPER_H

#include <stddef.h>
#include <sys/types.h>

#include "base/id_range.h"

/*
 * Have PROGRAM, newuidmap(1) or newgidmap(1) from PATH, write the mappings of a
 * process's user namespace: an ordinary user may map only himself, and these two
 * give him the ranges of subuid(5) and subgid(5). 0 or an error with the
 * program's own message.
 */
int id_helper_run(const char *program, pid_t pid, const struct id_mapping *mappings, size_t count);

#endif
