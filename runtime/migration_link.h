/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_RUNTIME_MIGRATION_LINK_H
#define HULL_RUNTIME_MIGRATION_LINK_H

/*
 * From the words of a command line to a connection with the other side of a migration:
 *
 *   DIRECTORY       a file in it; nobody answers
 *   unix:PATH       `hull receive --listen unix:PATH`
 *   tcp:HOST:PORT   `hull receive --listen tcp:ADDRESS:PORT`, through hull-link
 *   ssh://HOST      `hull receive` there, which ssh(1) starts
 *
 * Functions return 0 or a negative errno with a message.
 */
#include "base/option.h"
#include "checkpoint/transport.h"
#include "runtime/migration_carrier.h"

struct migration_options {
	unsigned int timeout; /* seconds; 0: the default */
	const char *bandwidth;
	const char *remote; /* what ssh starts; NULL: "hull receive" */
	const char *tls;    /* the folder of hull-link's keys; NULL: the default */
};

#define MIGRATION_OPTION(type, name, member, argument, help)                                       \
	{ name, 0, type, offsetof(struct migration_options, member), argument, help }
#define MIGRATION_OPTIONS                                                                          \
	MIGRATION_OPTION(OPTION_NUMBER, "timeout", timeout, "SECONDS",                             \
		"of silence until the other side counts as gone (default: 60)"),                   \
		MIGRATION_OPTION(OPTION_TEXT, "bandwidth", bandwidth, "BYTES",                     \
			"send no more than so many in a second: 100M"),                            \
		MIGRATION_OPTION(OPTION_TEXT, "tls", tls, "DIR",                                   \
			"ca.pem, cert.pem and key.pem for tcp: (default: /etc/hull/tls)")

struct migration_link {
	struct transport transport;
	int folder_fd; /* of a DIRECTORY, or -1 */
	struct carrier carrier;
};

#define MIGRATION_LINK_NONE                                                                        \
	{ .transport = { .in_fd = -1, .out_fd = -1 }, .folder_fd = -1, .carrier = CARRIER_NONE }

/* The source's side. */
int migration_link_connect(
	struct migration_link *link, const char *target, const struct migration_options *options);

/* What was written to a DIRECTORY is whole, and there under its name. */
int migration_link_commit(const struct migration_link *link);

/* The target's side: a socket that listens at WHERE, which must be free. */
int migration_listen(const char *where);
/*
 * Somebody who has connected to a listener at WHERE (NULL: through hull's own streams); FD is taken.
 * Or what was stored in a directory.
 */
int migration_link_accept(struct migration_link *link, int fd, const char *where,
	const struct migration_options *options);
int migration_link_open_stored(struct migration_link *link, const char *folder);

/* A file that was not committed goes. */
void migration_link_close(struct migration_link *link);

#define _cleanup_migration_link_ __attribute__((cleanup(migration_link_close)))

#endif
