/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_IMAGE_COMMAND_COMMANDS_H
#define HULL_IMAGE_COMMAND_COMMANDS_H

/* The commands that image/main.c offers. */
#include "image/command.h"

extern const struct command command_check, command_list, command_prune, command_remove;

#endif
