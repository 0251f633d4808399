/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_NS_ID_HELPER_H
#define HULL_NS_ID_HELPER_H

#include <sys/types.h>

#include "spec/config.h"

/*
 * Have PROGRAM, newuidmap(1) or newgidmap(1) from PATH, write the mappings of a
 * process's user namespace: an ordinary user may map only himself, and these two
 * give him the ranges of subuid(5) and subgid(5). 0 or an error with the
 * program's own message.
 */
int id_helper_run(const char *program, pid_t pid, const struct config_id_mappings *mappings);

#endif
