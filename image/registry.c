/* SPDX-License-Identifier: Apache-2.0 */
/* The session with a registry, its manifests and its small blobs. */
#include "image/registry.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/json.h"
#include "base/log.h"
#include "image/manifest.h"
#include "image/registry_session.h"

/* Docker Hub's registry has another name than the one that its images carry. */
#define HUB	 "docker.io"
#define HUB_HOST "registry-1.docker.io"

#define DELAY_FIRST	 500	     /* milliseconds; doubled with each try */
#define DELAY_MOST	 (60 * 1000) /* of a Retry-After: nobody sits in front of it for longer */
#define RETRY_AFTER_MOST 604800UL    /* a week */

static const char accept_manifests[] = "Accept: " MEDIA_OCI_INDEX ", " MEDIA_DOCKER_INDEX
				       ", " MEDIA_OCI_MANIFEST ", " MEDIA_DOCKER_MANIFEST;

/* ---- the session ---- */

static void set_base(struct registry *registry, struct registry_site *site)
{
	site->base = arena_format(&registry->arena, "%s://%s/v2/%s",
		site->trust.plain ? "http" : "https",
		strcmp(site->host, HUB) != 0 ? site->host : HUB_HOST, site->repository);
}

static void add_site(struct registry *registry, const struct registry_place *place)
{
	const struct registry_settings *settings = &registry->settings;
	struct registry_site *site = &registry->sites[registry->site_count++];

	site->host = place->host;
	site->repository = place->repository;
	site->is_mirror = place->is_mirror;
	site->insecure = place->insecure;
	site->trust.unverified = settings->unverified || place->insecure;
	/* What the command line says is meant for the registry, not for its mirrors. */
	site->trust.plain = settings->plain && !place->is_mirror;
	site->trust.certificates = settings->certificates && !place->is_mirror
					   ? settings->certificates
					   : registries_certificates(&registry->arena, place->host);
	set_base(registry, site);
}

int registry_open(const struct registry_settings *settings, const struct reference *reference,
	enum registry_purpose purpose, struct registry **registry)
{
	struct registry_place places[REGISTRY_PLACES_MOST];
	struct registry *opened = memory_allocate_zero(sizeof(*opened));
	size_t count;
	int r;

	*registry = opened;
	opened->settings = *settings;
	opened->name = reference->text;
	opened->purpose = purpose;
	r = http_open(&opened->http, settings->patience);
	if (r >= 0)
		r = registries_find(
			&opened->arena, settings->registries_file, reference, places, &count);
	if (r < 0)
		return r;
	for (size_t i = 0; i < count; i++)
		if (!places[i].is_mirror || purpose == REGISTRY_PULL)
			add_site(opened, &places[i]);
	opened->site = opened->sites;
	return 0;
}

void registry_close(struct registry **registry)
{
	if (!*registry)
		return;
	for (size_t i = 0; i < (*registry)->site_count; i++)
		memory_free_pointer(&(*registry)->sites[i].bearer);
	http_close(&(*registry)->http);
	arena_free(&(*registry)->arena);
	memory_free_pointer(registry);
}

/* ---- answers that are none ---- */

/* {"errors":[{"code":"...","message":"..."}]}: distribution-spec, "Error Codes". */
static const char *error_message(struct arena *arena, const struct http_answer *answer)
{
	const struct json *errors, *first, *message;
	struct json *root;

	if (!answer->body.length || answer->body.data[0] != '{' ||
		json_parse(arena, "answer", answer->body.data, answer->body.length, &root) < 0)
		return NULL;
	errors = json_get(root, "errors");
	first = errors && errors->type == JSON_ARRAY ? errors->first : NULL;
	message = first && first->type == JSON_OBJECT ? json_get(first, "message") : NULL;
	if (!message || message->type != JSON_STRING || !*message->text)
		message = first && first->type == JSON_OBJECT ? json_get(first, "code") : NULL;
	return message && message->type == JSON_STRING ? message->text : NULL;
}

/* Seconds; a date counts as none. */
static unsigned int retry_after(const struct http_answer *answer)
{
	const char *value = http_header(answer, "Retry-After", NULL);
	char *end;
	unsigned long seconds = value ? strtoul(value, &end, 10) : 0;

	return value && *value >= '0' && *value <= '9' && *end == '\0' && seconds < RETRY_AFTER_MOST
		       ? (unsigned int)seconds
		       : 0;
}

/* "100;w=21600" of Docker Hub's RateLimit-Limit. */
static int refuse_rate(
	struct arena *arena, const struct registry_site *site, const struct http_answer *answer)
{
	const char *limit = http_header(answer, "RateLimit-Limit", NULL);
	const char *window = limit ? strstr(limit, ";w=") : NULL;
	unsigned int seconds = retry_after(answer);
	const char *told = "", *wait = "later";

	if (window)
		told = arena_format(arena, ", its limit is %.*s in %lu h", (int)(window - limit),
			limit, (strtoul(window + 3, NULL, 10) + 3599) / 3600);
	if (seconds)
		wait = seconds < 120 ? arena_format(arena, "in %u s", seconds)
				     : arena_format(arena, "in %u min", (seconds + 59) / 60);
	return error_set(EDQUOT, "registry %s: too many requests (429)%s: %stry again %s",
		site->host, told, site->credential.user_and_password ? "" : "log in, or ", wait);
}

static int refuse_access(const struct registry_site *site, const struct http_answer *answer,
	const char *what, const char *message)
{
	bool known = site->credential.user_and_password || site->credential.identity_token;

	if (answer->status == 401 && site->use_basic)
		return error_set(
			EACCES, "registry %s: user or password is wrong (401)", site->host);
	return error_set(EACCES, "registry %s: access to %s refused (%d%s%s): %s", site->host, what,
		answer->status, message ? ", " : "", message ? message : "",
		known ? "it may not exist, or is not for this user"
		      : "it may not exist, or needs a login (hull image login)");
}

int registry_refuse(struct registry *registry, const struct registry_site *site,
	const struct http_answer *answer, const char *what)
{
	const char *type = http_header(answer, "Content-Type", NULL);
	bool html = type && !strncasecmp(type, "text/html", 9);
	const char *message = error_message(&registry->arena, answer);

	if (answer->error)
		return error_set(answer->error, "registry %s: %s: %s%s", site->host, what,
			answer->words,
			answer->error == -EKEYREJECTED
				? " (--cert-dir names its authority, --tls-verify=false does "
				  "without)"
			: strstr(answer->words, "wrong version number")
				? " (it speaks plain HTTP? --plain-http allows that)"
				: "");
	if (answer->status == 429)
		return refuse_rate(&registry->arena, site, answer);
	if (answer->status == 401 || answer->status == 403)
		return refuse_access(site, answer, what, message);
	if (html)
		return error_set(EPROTO,
			"registry %s: %s: it answered text/html (%d): is it a "
			"registry?",
			site->host, what, answer->status);
	if (answer->status == 404)
		return error_set(ENOENT, "registry %s: has no %s%s%s%s", site->host, what,
			message ? " (" : "", message ? message : "", message ? ")" : "");
	return error_set(EREMOTEIO, "registry %s: %s: it answered %d%s%s", site->host, what,
		answer->status, message ? ": " : "", message ? message : "");
}

int registry_retry_delay(
	const struct registry *registry, const struct http_answer *answer, unsigned int try)
{
	unsigned int after = retry_after(answer);
	bool again = answer->status == 408 || answer->status == 429 || answer->status == 500 ||
		     (answer->status >= 502 && answer->status <= 504);

	if (answer->error)
		again = answer->may_be_tried_again;
	if (!again || try >= registry->settings.retries || after * 1000 > DELAY_MOST)
		return -1;
	/* A limit without a time lasts for minutes or hours. */
	if (answer->status == 429 && !after && try > 0)
		return -1;
	return after ? (int)after * 1000 : DELAY_FIRST << (try < 6 ? try : 6);
}

bool registry_wait_to_retry(const struct registry *registry, const struct registry_site *site,
	const struct http_answer *answer, unsigned int try)
{
	int delay = registry_retry_delay(registry, answer, try);

	if (delay < 0)
		return false;
	if (answer->error)
		log_info("registry %s: %s; trying again", site->host, answer->words);
	else
		log_info("registry %s: answered %d; trying again in %.1f s", site->host,
			answer->status, delay / 1000.0);
	clock_sleep((unsigned int)delay);
	return true;
}

bool registry_try_plain(
	struct registry *registry, struct registry_site *site, const struct http_answer *answer)
{
	if (!site->insecure || site->trust.plain || answer->status ||
		(answer->error != -EPROTO && answer->error != -ECONNREFUSED))
		return false;
	log_info("registry %s: does not speak TLS and is said to be insecure: plain HTTP",
		site->host);
	site->trust.plain = true;
	set_base(registry, site);
	return true;
}

int registry_perform(struct registry *registry, struct registry_site *site,
	struct http_transfer *transfer, const char *extra_scope)
{
	bool challenged = false;

	for (unsigned int try = 0;;) {
		const struct http_answer *answer = &transfer->answer;

		registry_authorize(site, &transfer->request);
		http_perform(registry->http, transfer);
		if (answer->status == 401 && !answer->error && !challenged) {
			int r = registry_answer_challenge(registry, site, answer, extra_scope);

			if (r < 0)
				return r;
			challenged = true;
		} else if (!registry_wait_to_retry(registry, site, answer, try)) {
			return 0;
		} else {
			try++;
		}
		http_end(registry->http, transfer);
	}
}

/* ---- manifests and small blobs ---- */

/* Ask the site for base + path; 0 with an answer of status 200 in the transfer. */
static int ask_site(struct registry *registry, struct registry_site *site, const char *method,
	const char *path, const char *accept, struct http_transfer *transfer)
{
	int r;

	for (;;) {
		*transfer = (struct http_transfer){
			.request = { .method = method,
				.trust = &site->trust,
				.headers = { accept } },
		};
		transfer->request.url = arena_format(&registry->arena, "%s%s", site->base, path);
		r = registry_perform(registry, site, transfer, NULL);
		if (r < 0 || !registry_try_plain(registry, site, &transfer->answer))
			break;
		http_end(registry->http, transfer);
	}
	if (r >= 0 && (transfer->answer.error || transfer->answer.status != 200))
		r = registry_refuse(registry, site, &transfer->answer,
			arena_format(&registry->arena, "%s%s", site->repository, path));
	return r;
}

/* The same of the first site that has it; the others are said to have not. */
static int ask(struct registry *registry, const char *method, const char *path, const char *accept,
	struct http_transfer *transfer)
{
	int r;

	for (;;) {
		bool last = registry->site == registry->sites + registry->site_count - 1;

		r = ask_site(registry, registry->site, method, path, accept, transfer);
		if (r >= 0 || last)
			return r;
		log_info("mirror %s: %s", registry->site->host, error_text(r));
		http_end(registry->http, transfer);
		registry->site++;
	}
}

static int check_manifest(struct registry *registry, const char *wanted,
	const struct http_answer *answer, struct digest *digest)
{
	const char *type = http_header(answer, "Content-Type", NULL);
	const char *said = http_header(answer, "Docker-Content-Digest", NULL);
	const char *host = registry->site->host;

	if (type && !strncasecmp(type, "text/html", 9))
		return error_set(EPROTO,
			"registry %s: it answered text/html instead of a manifest: is it a "
			"registry?",
			host);
	digest_of(answer->body.data ? answer->body.data : "", answer->body.length, digest);
	if (strchr(wanted, ':'))
		said = wanted;
	if (said && !strncmp(said, "sha256:", 7) && strcmp(said, DIGEST_SHOW(digest)) != 0)
		return error_set(EBADMSG,
			"registry %s: the manifest should have the digest %.80s, but has %s", host,
			said, DIGEST_SHOW(digest));
	return 0;
}

int registry_manifest(struct registry *registry, struct arena *arena, const char *tag_or_digest,
	struct buffer *bytes, const char **media_type, struct digest *digest)
{
	const char *path = arena_format(&registry->arena, "/manifests/%s", tag_or_digest);
	struct http_transfer transfer = { 0 };
	int r = ask(registry, "GET", path, accept_manifests, &transfer);

	if (r >= 0)
		r = check_manifest(registry, tag_or_digest, &transfer.answer, digest);
	if (r >= 0) {
		const char *type = http_header(&transfer.answer, "Content-Type", NULL);

		*media_type = type ? arena_copy(arena, type, strcspn(type, "; \t")) : NULL;
		buffer_bytes(bytes, transfer.answer.body.data ? transfer.answer.body.data : "",
			transfer.answer.body.length);
	}
	http_end(registry->http, &transfer);
	return r;
}

static int has(struct registry *registry, const char *kind, const struct digest *digest,
	const char *accept)
{
	const char *path = arena_format(&registry->arena, "/%s/%s", kind, DIGEST_SHOW(digest));
	struct http_transfer transfer = { 0 };
	int r = ask(registry, "HEAD", path, accept, &transfer);

	http_end(registry->http, &transfer);
	return r == -ENOENT ? 0 : r < 0 ? r : 1;
}

int registry_has_manifest(struct registry *registry, const struct digest *digest)
{
	return has(registry, "manifests", digest, accept_manifests);
}

int registry_has_blob(struct registry *registry, const struct digest *digest)
{
	return has(registry, "blobs", digest, NULL);
}

int registry_blob(struct registry *registry, const struct descriptor *blob, struct buffer *bytes)
{
	const char *text = DIGEST_SHOW(&blob->digest);
	const char *path = arena_format(&registry->arena, "/blobs/%s", text);
	struct http_transfer transfer = { 0 };
	struct digest digest;
	int r;

	if (blob->size > HTTP_BODY_MOST)
		return error_set(EFBIG,
			"%s: the blob %s is said to have %llu bytes, 4 MiB at most "
			"are taken",
			registry->name, text, (unsigned long long)blob->size);
	r = ask(registry, "GET", path, NULL, &transfer);
	if (r >= 0) {
		digest_of(transfer.answer.body.data ? transfer.answer.body.data : "",
			transfer.answer.body.length, &digest);
		if (!digest_equal(&digest, &blob->digest))
			r = error_set(EBADMSG, "registry %s: the blob %s has the digest %s",
				registry->site->host, text, DIGEST_SHOW(&digest));
		else
			buffer_bytes(bytes, transfer.answer.body.data, transfer.answer.body.length);
	}
	http_end(registry->http, &transfer);
	return r;
}

int registry_check_login(struct registry *registry)
{
	struct registry_site *site = registry->site;
	struct http_transfer transfer = { 0 };
	int r;

	site->base = arena_copy(
		&registry->arena, site->base, (size_t)(strstr(site->base, "/v2/") - site->base));
	r = ask_site(registry, site, "GET", "/v2/", NULL, &transfer);
	http_end(registry->http, &transfer);
	return r;
}
