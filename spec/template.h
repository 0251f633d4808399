/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_SPEC_TEMPLATE_H
#define HULL_SPEC_TEMPLATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/json.h"

/*
 * Add the config.json that `hull spec` writes to BUFFER: a shell on a terminal
 * in all namespaces but the user's. ROOTLESS makes it one for an ordinary user:
 * a user namespace that maps root to UID and GID, the machine's network and
 * /sys, no cgroup settings.
 */
void template_write(struct buffer *buffer, bool rootless, uint32_t uid, uint32_t gid);

/*
 * Add the mounts that every container has to an array: HOST_SYS stands for one that shares
 * the machine's network in a user namespace, where a new sysfs cannot be had; NO_TTY_GROUP
 * for one whose group 5 is not mapped.
 */
void template_write_mounts(struct json_writer *writer, bool host_sys, bool no_tty_group);

/* Of /proc and /sys, up to NULL: what no container may read, and what none may write. */
extern const char *const template_masked_paths[], *const template_readonly_paths[];

#endif
