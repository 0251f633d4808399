/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_IMAGE_COMMAND_COMMANDS_H
#define HULL_IMAGE_COMMAND_COMMANDS_H

/* The commands that image/main.c offers. */
#include "image/command.h"

extern const struct command command_check, command_checkpoint_pack, command_checkpoint_unpack,
	command_complete, command_copy, command_exec, command_export, command_import,
	command_inspect, command_list, command_lock, command_login, command_logout, command_prune,
	command_pull, command_push, command_remove, command_rerun, command_run, command_shell;

#endif
