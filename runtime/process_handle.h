/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_RUNTIME_PROCESS_HANDLE_H
#define HULL_RUNTIME_PROCESS_HANDLE_H

#include <sys/types.h>

/* A process that was made: our child. */
struct process_handle {
	pid_t pid;
	int pidfd;
	int terminal_fd; /* the master, when the process has a terminal and there is no socket */
};

/* Creating it has failed: kill it, wait for it, close what it has. */
void process_handle_abandon(struct process_handle *handle);

/*
 * Write its pid to the file at PATH, NULL for none. Engines wait for the file, so it appears with
 * its whole content. 0, or a negative errno with a message.
 */
int process_handle_write_pid(const struct process_handle *handle, const char *path);

#endif
