/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_MICROVM_SANDBOX_H
#define HULL_MICROVM_SANDBOX_H

#include <stdbool.h>
#include <sys/types.h>

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

/* The same of a folder with sockets, which may be connected to and nothing else; TREE_FD: its clone. */
int sandbox_make_socket_root(int tree_fd);

/* It becomes the root, and everything else is gone. */
int sandbox_enter_root(int root_fd);

/* Nobody's user id, no capabilities, and none to be got by executing something. */
int sandbox_drop_privileges(void);

/*
 * A user namespace in which every id is itself: a capability counts for files there, and for
 * nothing of the machine. SOCKET_FD leads to a parent that is in sandbox_map_users: it may
 * write the map.
 */
int sandbox_enter_user_namespace(int socket_fd);

/*
 * The parent's side, for the child PID at the other end of SOCKET_FD. A message of the
 * child's that comes instead (sandbox_report) is ours then.
 */
int sandbox_map_users(pid_t pid, int socket_fd);
void sandbox_report(int socket_fd);

/*
 * The capabilities of a server of files that belong to root and to others: it creates, gives
 * away and changes files as the guest's root would. And none to be got.
 */
int sandbox_keep_file_capabilities(void);

/* SANDBOX_DIALLING_LOOP: a loop that connects to Unix sockets. */
enum sandbox_thread { SANDBOX_LOOP, SANDBOX_DIALLING_LOOP, SANDBOX_VCPU, SANDBOX_FILES };

/* The system calls that threads of this kind make; any other fails from now on. */
int sandbox_filter(enum sandbox_thread thread);

#endif
