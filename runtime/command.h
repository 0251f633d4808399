/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_RUNTIME_COMMAND_H
#define HULL_RUNTIME_COMMAND_H

/*
 * A command is a file in runtime/command/ that offers one struct command;
 * runtime/main.c finds it in one table.
 */
#include "base/option.h"

/* The options in front of the command: the same for all. */
struct global_options {
	const char *root, *log, *log_format, *log_level, *rootless, *cgroup_manager, *criu;
	bool debug, systemd_cgroup, help, version;
};

struct invocation {
	const struct command *command;
	const struct global_options *global;
	const void *options; /* as command->options says */
	char **operands;
	int operand_count;
	struct arena *arena;
	/* All that there is, for commands about commands. */
	const struct command *const *commands; /* up to NULL */
	const struct option *global_table;
};

struct command {
	const char *name, *synopsis, *summary;
	const struct option *options; /* up to one without a name */
	size_t options_bytes;
	int operands_least, operands_most; /* most -1: any number */
	bool in_order;			   /* options end at the first operand */
	bool enters_container;		   /* starts a process inside: see runtime/self.h */
	/* The exit code, or a negative errno with a message. */
	int (*run)(const struct invocation *invocation);
	int failure_code; /* the exit code of an error; 0 means 1 */
	/* The containers that it is for, as in "created|running"; NULL: all; "": none, ID is new. */
	const char *of_status;
	bool hidden; /* not in --help */
};

extern const struct command command_completion, command_create, command_delete, command_events,
	command_exec, command_doctor, command_features, command_kill, command_list, command_mounts,
	command_pause, command_ps, command_resume, command_run, command_spec, command_start,
	command_state, command_stats, command_update;

/* Options of create and run, which are the same. */
struct create_options {
	const char *bundle, *config, *console_socket, *pid_file, *pidfd_socket;
	bool no_pivot, no_new_keyring, detach, keep, no_subreaper;
	unsigned int preserve_fds;
};

#endif
