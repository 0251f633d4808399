/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_NS_PROGRAM_H
#define HULL_NS_PROGRAM_H

/* The container's program: its environment, its folder, where it is, its execution. */
#include "spec/config.h"

struct program {
	char *path; /* what is executed */
	char **arguments, **environment;
};

/*
 * The first try to enter process.cwd, before the process gives up its privileges:
 * engines start users in folders that only root may enter. Failing is no error
 * yet, as another folder may be open to the user alone.
 */
void program_try_folder(const struct config_process *process);

/*
 * Enter process.cwd and refuse one that is not inside the container's root
 * (CVE-2024-21626). The process has its final ids, and tried before.
 */
int program_enter_folder(const struct config_process *process);

/*
 * Find process.args[0] along PATH of process.env; HOME is added from the
 * container's /etc/passwd when it is missing. The messages are the words that
 * engines derive exit codes 126 and 127 from. Nothing is freed: execve follows.
 */
int program_find(const struct config_process *process, struct program *program);

/* Does not return when it succeeds. */
int program_execute(const struct program *program);

#endif
