/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_CHECKPOINT_LINK_TLS_H
#define HULL_CHECKPOINT_LINK_TLS_H

/*
 * TLS 1.3 in which both sides show a certificate. A folder has the keys, as other daemons keep them:
 * ca.pem (who may sign the other side's), cert.pem (with its chain) and key.pem.
 *
 * Functions return 0 or a negative errno with a message.
 */
#include <openssl/ssl.h>

struct tls {
	SSL_CTX *context;
	SSL *session;
};

int tls_load(struct tls *tls, const char *folder);

/*
 * Begin on the connected socket FD, which becomes non-blocking. HOST is the name that the other
 * side's certificate must have; NULL: it has called, and any name that ca.pem's owner has signed will do.
 */
int tls_begin(struct tls *tls, int fd, const char *host);

void tls_close(struct tls *tls);

#define _cleanup_tls_ __attribute__((cleanup(tls_close)))

#endif
