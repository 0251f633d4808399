/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_RUNTIME_COMMAND_H
#define HULL_RUNTIME_COMMAND_H

/* A command is a file in runtime/command/; runtime/main.c has the table of all. */
#include "base/front.h"

/* The options in front of the command: the same for all. */
struct global_options {
	struct front_options front;
	const char *root, *rootless, *cgroup_manager, *criu, *isolation;
	bool systemd_cgroup;
};

extern const struct command command_checkpoint, command_completion, command_create, command_delete,
	command_events, command_exec, command_doctor, command_features, command_kill, command_list,
	command_migrate, command_mounts, command_pause, command_ps, command_receive,
	command_restore, command_resume, command_run, command_spec, command_start, command_state,
	command_stats, command_tenant, command_update;

/* Options of create and run, which are the same. */
struct create_options {
	const char *bundle, *config, *console_socket, *pid_file, *pidfd_socket;
	const char *tenant, *cpu_weight;
	bool no_pivot, no_new_keyring, detach, keep, no_subreaper, whisper, engine_codes;
	unsigned int preserve_fds;
};

#endif
