/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_RUNTIME_FOREGROUND_H
#define HULL_RUNTIME_FOREGROUND_H

/*
 * Standing in front of a process until it ends: `run` and `exec` without
 * --detach. Signals go on to the process, the terminal's bytes both ways.
 */
#include <errno.h>

#include "runtime/isolation.h"

struct foreground {
	int signal_fd;
	int notify_fd; /* of the container, runtime/notify.h; -1: none; not ours to close */
};

#define FOREGROUND_NONE { .signal_fd = -EBADF, .notify_fd = -EBADF }

/* Before the process is made: from now on signals wait until they can be handed on. */
int foreground_begin(struct foreground *foreground);

/* Until the process ends; its exit code, 128 + n for a signal. */
int foreground_wait(struct foreground *foreground, const struct process_handle *handle);

#endif
