/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_RUNTIME_MICROVM_CHECK_H
#define HULL_RUNTIME_MICROVM_CHECK_H

#include "spec/config.h"

/* Refuse by name what a container in a microVM cannot have. 0, -ENOTSUP or -EINVAL. */
int microvm_check(const struct config *config);

#endif
