/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_NS_MASK_H
#define HULL_NS_MASK_H

#include "ns/plan.h"

/*
 * `linux.maskedPaths` and `linux.readonlyPaths` (config-linux.md): files are
 * covered with the host's null device, folders with one empty read-only folder.
 * Paths that do not exist are skipped, as the spec wants.
 */
int mask_all(const struct container_plan *plan);

#endif
