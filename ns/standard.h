/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_NS_STANDARD_H
#define HULL_NS_STANDARD_H

#include "spec/config.h"

/*
 * Make the user of the process the owner of its stdin, stdout and stderr, so that
 * it can open /dev/stdout again. The null device stays whose it is.
 */
void standard_give_to(const struct config_user *user);

#endif
