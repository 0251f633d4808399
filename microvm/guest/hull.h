/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_MICROVM_GUEST_HULL_H
#define HULL_MICROVM_GUEST_HULL_H

/* Calls of the hull that lies beside hull-guest in the initial file system. */
#include <sys/types.h>

#include "microvm/request.h"

#define GUEST_BUNDLE "/run/bundle"

/* A new process that executes hull with ARGUMENTS (without its name) and this stdio. */
pid_t hull_spawn(char *const *arguments, const int *stdio);

/*
 * In a new child, before its program: a session of its own, no signals blocked, and this stdio.
 */
int hull_prepare_child(const int *stdio);

/* A socket at PATH for --console-socket; a descriptor or a negative errno. */
int console_listen(const char *path);
/* The terminal that came over it; closes the socket. */
int console_accept(int *socket_fd);

/* The number in a pid file; 0: none. */
pid_t pid_file_read(const char *path);

#endif
