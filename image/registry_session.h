/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_IMAGE_REGISTRY_SESSION_H
#define HULL_IMAGE_REGISTRY_SESSION_H

/* What the files of the registry client share; its door is registry.h. */
#include "image/credential.h"
#include "image/http.h"
#include "image/registries.h"
#include "image/registry.h"

/* A registry or one of its mirrors, and how we stand with it. */
struct registry_site {
	const char *host, *repository;
	const char *base; /* "https://HOST/v2/REPOSITORY" */
	struct http_trust trust;
	bool insecure, is_mirror;
	bool credential_known, use_basic;
	struct credential credential;
	char *bearer; /* NULL: none yet */
};

struct registry {
	struct arena arena;
	struct registry_settings settings;
	const char *name; /* of the image, for messages */
	enum registry_purpose purpose;
	struct http *http;
	struct registry_site sites[REGISTRY_PLACES_MOST];
	size_t site_count;
	struct registry_site *site; /* that answers; those before it did not */
};

/* Put in front of URL's request what the site wants to see. */
void registry_authorize(const struct registry_site *site, struct http_request *request);

/* Get what the challenge of a 401 asks for. 0: ask once more, it may be better. */
int registry_answer_challenge(struct registry *registry, struct registry_site *site,
	const struct http_answer *answer, const char *extra_scope);

/* The answer is none that another try could change: wait if so, then true. TRY counts from 0. */
bool registry_wait_to_retry(const struct registry *registry, const struct registry_site *site,
	const struct http_answer *answer, unsigned int try);
/* The same in milliseconds, -1: there is no use. */
int registry_retry_delay(
	const struct registry *registry, const struct http_answer *answer, unsigned int try);

/*
 * Perform a request with its login and its retries. 0 when an answer came, whatever its
 * status; the caller ends the transfer.
 */
int registry_perform(struct registry *registry, struct registry_site *site,
	struct http_transfer *transfer, const char *extra_scope);

/* A TLS connection did not come about, and plain HTTP is allowed: true, and the site's base is
 * http:// from now on. */
bool registry_try_plain(
	struct registry *registry, struct registry_site *site, const struct http_answer *answer);

/* An answer that is no success as a negative errno with a message. WHAT is what was asked for. */
int registry_refuse(struct registry *registry, const struct registry_site *site,
	const struct http_answer *answer, const char *what);

#endif
