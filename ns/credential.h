/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_NS_CREDENTIAL_H
#define HULL_NS_CREDENTIAL_H

/* Who the process is: groups, ids, umask, capabilities, no_new_privs (config.md "User"). */
#include "ns/capability.h"
#include "spec/config.h"

/* Become root of the user namespace that the process is in. */
int credential_become_root(void);

/*
 * Become the user of PROCESS for good, with these capabilities. HOLD_ADMIN keeps CAP_SYS_ADMIN until the
 * next execve(2), which a seccomp filter needs when no_new_privs is off.
 */
int credential_apply(
	const struct config_process *process, const struct capability_sets *sets, bool hold_admin);

#endif
