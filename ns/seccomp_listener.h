/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_NS_SECCOMP_LISTENER_H
#define HULL_NS_SECCOMP_LISTENER_H

#include <linux/filter.h>
#include <stdbool.h>

/*
 * Install a filter that has SCMP_ACT_NOTIFY (seccomp_unotify(2)), send its
 * listener over SOCKET_FD as MESSAGE_LISTENER, and return when the runtime has
 * passed it on. For a moment there are two threads, unless pids.limit forbids that
 * and the filter ALLOWS_SENDING. 0 or a negative errno with a message.
 */
int seccomp_listener_install(
	const struct sock_fprog *code, unsigned int flags, int socket_fd, bool allows_sending);

#endif
