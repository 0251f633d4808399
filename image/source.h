/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_IMAGE_SOURCE_H
#define HULL_IMAGE_SOURCE_H

/*
 * Where an image is copied from: a table of functions for each transport, so that
 * image/copy.c does not know which it is. All return 0 or a negative errno with a message.
 */
#include <stdint.h>

#include "base/buffer.h"
#include "image/digest.h"
#include "image/reference.h"
#include "image/store.h"

/* One of several blobs that are fetched at the same time, or in turn. */
struct blob_fetch {
	const struct descriptor *blob;
	void *context;
	/*
	 * Its turn has come: *FROM is how many bytes are here already. 1: nothing is to be
	 * fetched (end is not called), 0: go on.
	 */
	int (*begin)(void *context, uint64_t *from);
	int (*take)(void *context, const void *bytes, size_t length);
	/* RESULT 0: all came. Otherwise why not; the message is recorded. Returns what counts. */
	int (*end)(void *context, int result);
};

struct image_source {
	const struct image_source_kind *kind;
	const struct reference *reference;
};

struct image_source_kind {
	/*
	 * The manifest or index that the reference names (DIGEST NULL), or that of a digest,
	 * whose bytes were held against it. *MEDIA_TYPE (may become NULL) lives in ARENA.
	 */
	int (*manifest)(struct image_source *source, struct arena *arena,
		const struct digest *digest, struct buffer *bytes, const char **media_type);
	/* A small blob, such as a config; checked against size and digest. */
	int (*blob)(
		struct image_source *source, const struct descriptor *blob, struct buffer *bytes);
	/* Large ones. After the first that fails the others are ended too. */
	int (*fetch)(struct image_source *source, struct blob_fetch *fetches, size_t count);
	/*
	 * The manifest that was attached to an image under a tag of its own; -ENOENT. NULL: there is
	 * nothing of the kind.
	 */
	int (*attached)(struct image_source *source, struct arena *arena, const char *tag,
		struct buffer *bytes);
	/* The image's signature by GPG, number 1 and on; -ENOENT: no more. NULL: as above. */
	int (*signature)(struct image_source *source, const struct digest *digest,
		unsigned int number, struct buffer *bytes);
	void (*close)(struct image_source *source);
};

void source_close(struct image_source **source);

#define _cleanup_source_ __attribute__((cleanup(source_close)))

struct registry_settings;

int source_open_registry(const struct registry_settings *settings,
	const struct reference *reference, struct image_source **source);

/* A folder oci:, or the files oci-archive: and docker-archive:. */
int source_open_layout(const struct reference *reference, struct image_source **source);

/*
 * An image of the store. Its layers are not kept compressed there, so they are
 * compressed again unless TARGET has them (HAS says 1; may be NULL), or given as they
 * are; then the manifest is another one.
 */
enum store_form { STORE_FORM_GZIP, STORE_FORM_PLAIN };

int source_open_store(struct store *store, const struct store_image *image,
	const struct reference *reference, enum store_form form,
	int (*has)(void *target, const struct descriptor *blob), void *target,
	struct image_source **source);

/* For the kinds whose blobs are files: fetch by reading in turn. */
typedef int source_open_blob(struct image_source *source, const struct descriptor *blob, int *fd,
	uint64_t *offset, uint64_t *size);
int source_fetch_files(struct image_source *source, source_open_blob *open_blob,
	struct blob_fetch *fetches, size_t count);
int source_read_file(struct image_source *source, source_open_blob *open_blob,
	const struct descriptor *blob, struct buffer *bytes);

#endif
