/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_RUNTIME_MIGRATION_CARRIER_H
#define HULL_RUNTIME_MIGRATION_CARRIER_H

/*
 * Programs that carry a migration to another machine: ssh(1), and hull-link, which has the libraries
 * for TLS. Each is a child, with a socket as its standard streams.
 */
#include <sys/types.h>

struct carrier {
	pid_t pid; /* 0: none */
	int pidfd;
};

#define CARRIER_NONE { .pidfd = -1 }

/* The socket, or a negative errno with a message. TARGET is ssh://HOST, REMOTE what is executed there. */
int carrier_ssh(struct carrier *carrier, const char *target, const char *remote);

/* The same once both sides have shown who they are; FOLDER has the keys (checkpoint/link/tls.h). */
int carrier_connect(
	struct carrier *carrier, const char *host, const char *port, const char *folder);
/* With somebody who has called. */
int carrier_accept(struct carrier *carrier, int call_fd, const char *folder);

/* Wait for its end, which is that of its socket. */
void carrier_end(struct carrier *carrier);

#endif
