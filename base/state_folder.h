/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_BASE_STATE_FOLDER_H
#define HULL_BASE_STATE_FOLDER_H

#include <stdbool.h>

/*
 * Where the states of containers are without --root: /run/hull for root, a folder
 * of the session for a user (docs/rootless.md). NULL with a message. Free it.
 */
char *state_folder_path(void);

/* Is it elsewhere than root's /run/hull? */
bool state_folder_is_users(void);

#endif
