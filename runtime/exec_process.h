/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_RUNTIME_EXEC_PROCESS_H
#define HULL_RUNTIME_EXEC_PROCESS_H

/* The process of an `exec`: the container's own, changed by a file or by options. */
#include "spec/config.h"

struct exec_options {
	const char *process, *cwd, *user, *apparmor, *label, *pid_file, *pidfd_socket,
		*console_socket;
	struct string_list env, additional_gids, capabilities, cgroups;
	bool detach, terminal, no_new_privileges, ignore_paused, no_subreaper, engine_codes;
	unsigned int preserve_fds;
};

/* The result lives in the config's arena. -EINVAL with a message. */
int exec_process_make(struct config *config, const struct exec_options *options, char **words,
	int count, struct config_process **process);

#endif
