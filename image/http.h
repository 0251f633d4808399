/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_IMAGE_HTTP_H
#define HULL_IMAGE_HTTP_H

/*
 * HTTP as a client of registries needs it: several transfers at once in one
 * thread, answers of bounded size, redirects that do not take credentials
 * along. Proxies are those of the environment. Everything that knows curl is in http.c.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/memory.h"

/* An answer that nobody takes piece by piece is a manifest, a token or an error. */
#define HTTP_BODY_MOST	 ((size_t)4 << 20)
#define HTTP_HEADER_MOST ((size_t)64 << 10)

struct http;

/* Whom to believe. */
struct http_trust {
	bool plain;	 /* the URL is http:// */
	bool unverified; /* any certificate will do */
	const char
		*certificates; /* a folder: *.crt authorities, *.cert and *.key our own; or NULL */
};

struct http_answer {
	int status; /* 0: none came */
	struct buffer headers, body;
	/* The transfer itself failed: a negative errno, and what happened in words. */
	int error;
	char words[1024];
	bool may_be_tried_again; /* cut off, stalled, reset: not refused for good */
};

struct http_request {
	const char *method; /* GET, HEAD, POST, PUT */
	const char *url;
	const struct http_trust *trust;
	/* Sent to the URL's own host only, never where it redirects to; or NULL. */
	const char *bearer, *user_and_password;
	const char *headers[4]; /* "Accept: ..." up to NULL */
	uint64_t from;		/* the first byte that is wanted (Range) */
	/* What is sent: bytes, or a file from its beginning. */
	const char *body;
	int body_fd; /* with body_length > 0 and body NULL */
	uint64_t body_length;
	/*
	 * Takes the body of an answer 200 or 206 as it comes; NULL: it is collected in
	 * answer->body. A negative errno with a message ends the transfer with it.
	 */
	int (*take)(
		void *context, const struct http_answer *answer, const void *bytes, size_t length);
	void *context;
};

struct http_transfer {
	struct http_request request;
	struct http_answer answer;
	bool done;
	struct http_work *work; /* http.c's own */
};

/* A server that sends nothing for so many seconds has stalled. */
int http_open(struct http **http, unsigned int patience_seconds);
void http_close(struct http **http);

#define _cleanup_http_ __attribute__((cleanup(http_close)))

/* Begin; the transfer stays where it is until http_end, which also ends an unfinished one. */
void http_begin(struct http *http, struct http_transfer *transfer);
void http_end(struct http *http, struct http_transfer *transfer);

/* Move bytes of all that has begun, until one is done or so many milliseconds have passed. */
void http_pump(struct http *http, int milliseconds);

/* Begin, and wait until it is done. */
void http_perform(struct http *http, struct http_transfer *transfer);

/* The value of the header that comes AFTER that value (NULL: the first one), or NULL. */
const char *http_header(const struct http_answer *answer, const char *name, const char *after);

/* TEXT with what is special in a URL's query as %XX; in the arena. */
const char *http_escape(struct arena *arena, const char *text);

/* TARGET as a header "Location" gives it, seen from BASE: absolute, or a path on its host. */
const char *http_resolve(struct arena *arena, const char *base, const char *target);

#endif
