/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_NS_SECCOMP_LISTENER_H
#define HULL_NS_SECCOMP_LISTENER_H

#include <linux/filter.h>

/*
 * Install a filter that has SCMP_ACT_NOTIFY (seccomp_unotify(2)), send its
 * listener over SOCKET_FD as MESSAGE_LISTENER, and return when the runtime has
 * passed it on. 0 or a negative errno with a message.
 */
int seccomp_listener_install(const struct sock_fprog *code, unsigned int flags, int socket_fd);

#endif
