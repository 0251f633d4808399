/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_NS_TERMINAL_H
#define HULL_NS_TERMINAL_H

#include "ns/plan.h"

/*
 * process.terminal (config.md "Process"): a pseudo-terminal from the container's
 * own devpts becomes stdin, stdout, stderr and the controlling terminal of the
 * calling process; its master goes to the runtime as MESSAGE_TERMINAL.
 *
 * ROOT_FD is the container's root. With CONSOLE the terminal is also mounted on
 * /dev/console, as the container's first process gets it.
 */
int terminal_open(const struct container_plan *plan, int root_fd, bool console);

#endif
