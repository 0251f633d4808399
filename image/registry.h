/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_IMAGE_REGISTRY_H
#define HULL_IMAGE_REGISTRY_H

/*
 * A client of registries (OCI distribution-spec 1.1): manifests and blobs of one
 * repository, fetched and pushed. Logs in when it is asked to, tries again what
 * may go better, and goes on where a download was cut. Every function returns 0
 * or a negative errno with a message that names the registry.
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "image/digest.h"
#include "image/reference.h"
#include "image/source.h"

/* What the command line says of registries. */
struct registry_settings {
	const char *authfile;	     /* NULL: credential_find's files */
	const char *credentials;     /* "USER:PASSWORD" instead; or NULL */
	const char *certificates;    /* a folder as certs.d/HOST; or NULL */
	const char *registries_file; /* NULL: registries_find's files */
	const char *policy_file;     /* of signatures; NULL: policy_find's files */
	bool unverified;	     /* any certificate will do */
	bool plain;		     /* http:// */
	unsigned int retries;	     /* of what may go better */
	unsigned int patience;	     /* seconds without a byte until a server has stalled */
};

struct registry;

enum registry_purpose { REGISTRY_PULL, REGISTRY_PUSH };

int registry_open(const struct registry_settings *settings, const struct reference *reference,
	enum registry_purpose purpose, struct registry **registry);
void registry_close(struct registry **registry);

#define _cleanup_registry_ __attribute__((cleanup(registry_close)))

/*
 * The manifest or index of a tag or digest. Asked for by a digest its bytes are held
 * against it; DIGEST is that of the bytes in any case. *MEDIA_TYPE lives in ARENA.
 */
int registry_manifest(struct registry *registry, struct arena *arena, const char *tag_or_digest,
	struct buffer *bytes, const char **media_type, struct digest *digest);

/* Does it have the manifest or the blob? 1, 0, or a negative errno with a message. */
int registry_has_manifest(struct registry *registry, const struct digest *digest);
int registry_has_blob(struct registry *registry, const struct digest *digest);

/* A small blob, such as a config; checked against size and digest. */
int registry_blob(struct registry *registry, const struct descriptor *blob, struct buffer *bytes);

/* Fetch all, a few at once. After the first that fails the others are ended too. */
int registry_fetch_all(struct registry *registry, struct blob_fetch *fetches, size_t count);

/*
 * Have the blob, all of FD, which is given away, in the repository: several go at the same time,
 * while the registry is asked for something else or told to go on. *UPLOAD stays NULL when it is
 * there already. The end waits.
 */
struct registry_upload;
int registry_upload_begin(struct registry *registry, const struct descriptor *blob, int fd,
	struct registry_upload **upload);
void registry_upload_go_on(struct registry *registry);
int registry_upload_end(struct registry *registry, struct registry_upload **upload);
void registry_upload_cancel(struct registry *registry, struct registry_upload **upload);

/* Mount the blob from another repository of the same registry: 1 done, 0 not possible. */
int registry_mount_blob(
	struct registry *registry, const struct digest *digest, const char *mount_from);

int registry_push_manifest(struct registry *registry, const char *tag_or_digest,
	const char *media_type, const void *bytes, size_t length);

/*
 * Add the signature by GPG of an image, from the place that containers-registries.d(5) names
 * ("lookaside"); NUMBER counts from 1. -ENOENT without a message: there are no more.
 */
int registry_signature(struct registry *registry, const struct reference *reference,
	const struct digest *digest, unsigned int number, struct buffer *bytes);

/* Whether the credentials are good: GET /v2/. */
int registry_check_login(struct registry *registry);

#endif
