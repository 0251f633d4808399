/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_RUNTIME_ANNOUNCE_H
#define HULL_RUNTIME_ANNOUNCE_H

/*
 * What the caller is told of a new process, in the ways that engines ask for. A path of NULL
 * asks for nothing. 0 or a negative errno with a message.
 */
/* --pidfd-socket: WORD, as runc has it, is "standard" for a container's first process, else "setns". */
int announce_pidfd(const char *path, int pidfd, const char *word);

/* --console-socket, connected: the master of the terminal, which stays open. */
int announce_terminal(int console_fd, int terminal_fd);

#endif
