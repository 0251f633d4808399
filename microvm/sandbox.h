/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_MICROVM_SANDBOX_H
#define HULL_MICROVM_SANDBOX_H

#include <stdbool.h>

/*
 * What is taken from the monitor and from the server of the shares before the guest
 * runs its first instruction (docs/threat-model.md). 0 or a negative errno with a message.
 */

/*
 * Mount, IPC and UTS namespaces of its own, and a network namespace unless it shall stay in the
 * one where the engine looks for it; nothing goes out of the first.
 */
int sandbox_enter_namespaces(bool keep_network);

/* An empty file system, mounted where only this process sees it; its descriptor. */
int sandbox_make_root(void);

/* It becomes the root, and everything else is gone. */
int sandbox_enter_root(int root_fd);

/* No capabilities, and none to be got by executing something. */
int sandbox_drop_privileges(void);

enum sandbox_thread { SANDBOX_LOOP, SANDBOX_VCPU };

/* The system calls that threads of this kind make; any other fails from now on. */
int sandbox_filter(enum sandbox_thread thread);

#endif
