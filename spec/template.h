/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_SPEC_TEMPLATE_H
#define HULL_SPEC_TEMPLATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"

/*
 * Add the config.json that `hull spec` writes to BUFFER: a shell on a terminal
 * in all namespaces but the user's. ROOTLESS makes it one for an ordinary user:
 * a user namespace that maps root to UID and GID, the machine's network and
 * /sys, no cgroup settings.
 */
void template_write(struct buffer *buffer, bool rootless, uint32_t uid, uint32_t gid);

#endif
