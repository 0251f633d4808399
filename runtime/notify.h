/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_RUNTIME_NOTIFY_H
#define HULL_RUNTIME_NOTIFY_H

/*
 * sd_notify(3): when hull was given NOTIFY_SOCKET, the container gets a socket of
 * its own, /run/notify/notify.sock, and what it says there about its life goes on to
 * hull's caller: the caller's socket is never within the container's reach. What
 * could name processes or descriptors of the host is left out. All do nothing
 * without NOTIFY_SOCKET.
 */
#include "runtime/container.h"
#include "spec/config.h"

#define NOTIFY_FOLDER "/run/notify" /* in the container */

/* At create: the folder of the socket, as a mount and a variable of the configuration. */
int notify_prepare(struct container *container, struct config *config);

/* Before the program runs: from now on it is heard, at container->notify_fd. */
int notify_listen(struct container *container);

/* The messages that wait at FD (-1: none do) to the caller. */
void notify_pass_on(int fd);

/*
 * For a container that nobody stands in front of: pass on until it is READY=1, or
 * has ended, and tell its pid (MAINPID) with that.
 */
void notify_wait_ready(struct container *container, int pidfd);

#endif
