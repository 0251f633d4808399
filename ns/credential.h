/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_NS_CREDENTIAL_H
#define HULL_NS_CREDENTIAL_H

/* Who the process is: groups, ids, umask, capabilities, no_new_privs (config.md "User"). */
#include "ns/plan.h"

/*
 * Become root of the user namespace that the process is in, or the user of the plan's
 * process where it has no root: capabilities are lost in neither. With the plan's
 * keep_groups its groups are left alone.
 */
int credential_become_root(const struct container_plan *plan);

/*
 * Become the user of the plan's process for good, with the plan's capabilities. With
 * a seccomp filter and without no_new_privs CAP_SYS_ADMIN is kept until the next
 * execve(2), because the filter needs one of them.
 */
int credential_apply(const struct container_plan *plan);

#endif
