/* SPDX-License-Identifier: Apache-2.0 */
#include "checkpoint/link/tls.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <stdbool.h>

#include "base/error.h"
#include "base/memory.h"

#define PATIENCE 20000 /* ms without a word, until both have agreed */

/* What OpenSSL calls the first thing that went wrong. */
static const char *tls_reason(void)
{
	unsigned long code = ERR_peek_error();
	const char *reason = code ? ERR_reason_error_string(code) : NULL;

	return reason ? reason : "it has failed";
}

int tls_load(struct tls *tls, const char *folder)
{
	_cleanup_free_ char *ca = string_format("%s/ca.pem", folder);
	_cleanup_free_ char *chain = string_format("%s/cert.pem", folder);
	_cleanup_free_ char *key = string_format("%s/key.pem", folder);

	tls->context = SSL_CTX_new(TLS_method());
	if (!tls->context || !SSL_CTX_set_min_proto_version(tls->context, TLS1_3_VERSION))
		return error_set(EIO, "TLS: %s", tls_reason());
	if (SSL_CTX_load_verify_locations(tls->context, ca, NULL) != 1)
		return error_set(EINVAL, "--tls: %s: %s", ca, tls_reason());
	if (SSL_CTX_use_certificate_chain_file(tls->context, chain) != 1)
		return error_set(EINVAL, "--tls: %s: %s", chain, tls_reason());
	if (SSL_CTX_use_PrivateKey_file(tls->context, key, SSL_FILETYPE_PEM) != 1 ||
		SSL_CTX_check_private_key(tls->context) != 1)
		return error_set(EINVAL, "--tls: %s: %s", key, tls_reason());
	SSL_CTX_set_verify(tls->context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
	(void)SSL_CTX_set_mode(
		tls->context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	return 0;
}

/* A name, or an address. */
static bool expect_host(SSL *session, const char *host)
{
	struct in6_addr address;

	if (inet_pton(AF_INET, host, &address) == 1 || inet_pton(AF_INET6, host, &address) == 1)
		return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(session), host) == 1;
	return SSL_set1_host(session, host) == 1 && SSL_set_tlsext_host_name(session, host) == 1;
}

static int failed(const struct tls *tls)
{
	long verdict = SSL_get_verify_result(tls->session);

	if (verdict != X509_V_OK)
		return error_set(EACCES, "TLS: the other side's certificate: %s",
			X509_verify_cert_error_string(verdict));
	return error_set(ECONNABORTED, "TLS: %s",
		ERR_peek_error() ? tls_reason() : "the other side has closed the connection");
}

int tls_begin(struct tls *tls, int fd, const char *host)
{
	int flags = fcntl(fd, F_GETFL);

	tls->session = SSL_new(tls->context);
	if (!tls->session || SSL_set_fd(tls->session, fd) != 1 || flags < 0 ||
		fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
		return error_set(EIO, "TLS: %s", tls_reason());
	if (host && !expect_host(tls->session, host))
		return error_set(EINVAL, "TLS: %s: is no name", host);
	for (;;) {
		struct pollfd polled = { .fd = fd };
		int r = host ? SSL_connect(tls->session) : SSL_accept(tls->session);
		int wants = r == 1 ? 0 : SSL_get_error(tls->session, r);

		if (r == 1)
			return 0;
		if (wants != SSL_ERROR_WANT_READ && wants != SSL_ERROR_WANT_WRITE)
			return failed(tls);
		polled.events = wants == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT;
		if (poll(&polled, 1, PATIENCE) == 0)
			return error_set(ETIMEDOUT, "TLS: the other side is silent");
	}
}

void tls_close(struct tls *tls)
{
	SSL_free(tls->session);
	SSL_CTX_free(tls->context);
	*tls = (struct tls){ 0 };
}
