/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_NS_CREDENTIAL_H
#define HULL_NS_CREDENTIAL_H

/* Who the process is: groups, ids, umask, capabilities, no_new_privs (config.md "User"). */
#include "ns/plan.h"

/* Become root of the user namespace that the process is in. KEEP_GROUPS leaves its groups alone. */
int credential_become_root(bool keep_groups);

/*
 * Become the user of the plan's process for good, with the plan's capabilities. With
 * a seccomp filter and without no_new_privs CAP_SYS_ADMIN is kept until the next
 * execve(2), because the filter needs one of them.
 */
int credential_apply(const struct container_plan *plan);

#endif
