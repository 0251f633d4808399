/* SPDX-License-Identifier: Apache-2.0 */
/* Blobs and manifests on their way to a registry (distribution-spec, "Push"). */
#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "image/registry_session.h"

#define PUMP_MILLISECONDS 1000

/* POST base + path; the answer's Location as an URL, or NULL when it is not 202. */
static int begin_upload(struct registry *registry, const char *path, const char *extra_scope,
	int *status, const char **location)
{
	struct registry_site *site = registry->site;
	struct http_transfer transfer = { 0 };
	const char *target;
	int r;

	for (;;) {
		transfer.request = (struct http_request){ .method = "POST",
			.url = arena_format(&registry->arena, "%s%s", site->base, path),
			.trust = &site->trust,
			.body = "" };
		r = registry_perform(registry, site, &transfer, extra_scope);
		if (r < 0 || !registry_try_plain(registry, site, &transfer.answer))
			break;
		http_end(registry->http, &transfer);
	}
	*status = transfer.answer.status;
	*location = NULL;
	if (r >= 0 && (transfer.answer.error || (*status != 202 && *status != 201)))
		r = registry_refuse(registry, site, &transfer.answer,
			arena_format(&registry->arena, "upload to %s", site->repository));
	target = http_header(&transfer.answer, "Location", NULL);
	if (r >= 0 && *status == 202) {
		*location = target ? http_resolve(&registry->arena, transfer.request.url, target)
				   : NULL;
		if (!*location)
			r = error_set(
				EPROTO, "registry %s: does not say where to upload to", site->host);
	}
	http_end(registry->http, &transfer);
	return r;
}

/* Scheme, host and port of the two are the same. */
static bool same_origin(const char *a, const char *b)
{
	const char *host = strstr(a, "://");
	size_t length;

	if (!host)
		return false;
	length = (size_t)(host - a) + 3;
	length += strcspn(a + length, "/?");
	return !strncmp(a, b, length) && strchr("/?", b[length]);
}

struct registry_upload {
	struct descriptor blob;
	int fd;
	unsigned int try;
	struct http_transfer transfer; /* the whole blob in one PUT */
};

static int upload_begin(struct registry *registry, struct registry_upload *upload)
{
	struct registry_site *site = registry->site;
	const char *location;
	int status, r = begin_upload(registry, "/blobs/uploads/", NULL, &status, &location);

	if (r < 0)
		return r;
	if (!location)
		return error_set(
			EPROTO, "registry %s: answered 201 to the begin of an upload", site->host);
	upload->transfer = (struct http_transfer){ 0 };
	upload->transfer.request = (struct http_request){
		.method = "PUT",
		.url = arena_format(&registry->arena, "%s%cdigest=%s", location,
			strchr(location, '?') ? '&' : '?', DIGEST_SHOW(&upload->blob.digest)),
		.trust = &site->trust,
		.headers = { "Content-Type: application/octet-stream" },
		.body_fd = upload->fd,
		.body_length = upload->blob.size,
	};
	if (same_origin(site->base, location))
		registry_authorize(site, &upload->transfer.request);
	http_begin(registry->http, &upload->transfer);
	return 0;
}

/* Waits for its end. -EAGAIN: a new upload may do better. */
static int upload_finish(struct registry *registry, struct registry_upload *upload)
{
	struct registry_site *site = registry->site;
	struct http_answer *answer = &upload->transfer.answer;
	int r = 0;

	while (!upload->transfer.done)
		http_pump(registry->http, PUMP_MILLISECONDS);
	if (!answer->error && answer->status == 401 && upload->try == 0)
		r = registry_answer_challenge(registry, site, answer, NULL) < 0 ? -EACCES : -EAGAIN;
	else if (answer->error || answer->status != 201)
		r = registry_wait_to_retry(registry, site, answer, upload->try)
			    ? -EAGAIN
			    : registry_refuse(registry, site, answer,
				      arena_format(&registry->arena, "upload of blob %.19s...",
					      DIGEST_SHOW(&upload->blob.digest)));
	http_end(registry->http, &upload->transfer);
	return r;
}

int registry_upload_begin(struct registry *registry, const struct descriptor *blob, int fd,
	struct registry_upload **upload)
{
	int r = registry_has_blob(registry, &blob->digest);

	*upload = NULL;
	if (r != 0) {
		file_close(&fd);
		return r < 0 ? r : 0;
	}
	*upload = memory_allocate_zero(sizeof(**upload));
	(*upload)->blob = *blob;
	(*upload)->fd = fd;
	r = upload_begin(registry, *upload);
	if (r < 0)
		registry_upload_cancel(registry, upload);
	return r;
}

int registry_upload_end(struct registry *registry, struct registry_upload **upload)
{
	int r = 0;

	while (*upload) {
		r = upload_finish(registry, *upload);
		if (r != -EAGAIN)
			break;
		(*upload)->try++;
		r = upload_begin(registry, *upload);
		if (r < 0)
			break;
	}
	registry_upload_cancel(registry, upload);
	return r;
}

void registry_upload_cancel(struct registry *registry, struct registry_upload **upload)
{
	if (!*upload)
		return;
	http_end(registry->http, &(*upload)->transfer);
	file_close(&(*upload)->fd);
	memory_free_pointer(upload);
}

void registry_upload_go_on(struct registry *registry)
{
	http_pump(registry->http, 0);
}

int registry_mount_blob(
	struct registry *registry, const struct digest *digest, const char *mount_from)
{
	struct arena *arena = &registry->arena;
	const char *path = arena_format(arena, "/blobs/uploads/?mount=%s&from=%s",
		DIGEST_SHOW(digest), http_escape(arena, mount_from));
	const char *scope = arena_format(arena, "repository:%s:pull", mount_from), *location;
	int status, r = begin_upload(registry, path, scope, &status, &location);

	/* An upload that was begun instead goes away by itself. */
	return r < 0 ? r : status == 201;
}

int registry_push_manifest(struct registry *registry, const char *tag_or_digest,
	const char *media_type, const void *bytes, size_t length)
{
	struct registry_site *site = registry->site;
	struct arena *arena = &registry->arena;
	struct http_transfer transfer = {
		.request = { .method = "PUT",
			.url = arena_format(arena, "%s/manifests/%s", site->base, tag_or_digest),
			.trust = &site->trust,
			.headers = { arena_format(arena, "Content-Type: %s", media_type) },
			.body = bytes,
			.body_length = length },
	};
	int r = registry_perform(registry, site, &transfer, NULL);

	if (r >= 0 && (transfer.answer.error || transfer.answer.status != 201))
		r = registry_refuse(registry, site, &transfer.answer,
			arena_format(arena, "manifest of %s:%s", site->repository, tag_or_digest));
	http_end(registry->http, &transfer);
	return r;
}
