/* SPDX-License-Identifier: Apache-2.0 */
#include "image/source.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "image/registry.h"

#define CHUNK_BYTES ((size_t)1 << 20)
#define SMALL_MOST  ((uint64_t)STORE_BLOB_MOST)

void source_close(struct image_source **source)
{
	if (*source)
		(*source)->kind->close(*source);
	*source = NULL;
}

/* ---- blobs that are files, or lie in one ---- */

static int read_at(
	const struct image_source *source, int fd, char *chunk, uint64_t offset, uint64_t left)
{
	ssize_t n =
		pread(fd, chunk, left < CHUNK_BYTES ? (size_t)left : CHUNK_BYTES, (off_t)offset);

	if (n < 0)
		return error_errno(errno, "%s", source->reference->text);
	return n ? (int)n : error_set(EIO, "%s: the file ended too early", source->reference->text);
}

static int check_size(
	const struct image_source *source, const struct descriptor *blob, uint64_t size)
{
	if (size == blob->size)
		return 0;
	return error_set(EBADMSG,
		"%s: the blob %s has %" PRIu64 " bytes, the manifest says %" PRIu64,
		source->reference->text, DIGEST_SHOW(&blob->digest), size, blob->size);
}

static int fetch_file(struct image_source *source, source_open_blob *open_blob,
	struct blob_fetch *fetch, char *chunk)
{
	_cleanup_close_ int fd = -EBADF;
	uint64_t at = 0, offset = 0, size = 0;
	int r = fetch->begin(fetch->context, &at);

	if (r != 0)
		return r < 0 ? r : 0;
	r = open_blob(source, fetch->blob, &fd, &offset, &size);
	if (r >= 0)
		r = check_size(source, fetch->blob, size);
	while (r >= 0 && at < size) {
		r = read_at(source, fd, chunk, offset + at, size - at);
		if (r < 0)
			break;
		at += (uint64_t)r;
		r = fetch->take(fetch->context, chunk, (size_t)r);
	}
	return fetch->end(fetch->context, r < 0 ? r : 0);
}

int source_fetch_files(struct image_source *source, source_open_blob *open_blob,
	struct blob_fetch *fetches, size_t count)
{
	_cleanup_free_ char *chunk = memory_allocate(CHUNK_BYTES);
	int r = 0;

	for (size_t i = 0; r >= 0 && i < count; i++)
		r = fetch_file(source, open_blob, &fetches[i], chunk);
	return r;
}

int source_read_file(struct image_source *source, source_open_blob *open_blob,
	const struct descriptor *blob, struct buffer *bytes)
{
	_cleanup_close_ int fd = -EBADF;
	uint64_t offset = 0, size = 0;
	struct digest digest;
	int r = open_blob(source, blob, &fd, &offset, &size);

	if (r >= 0)
		r = check_size(source, blob, size);
	if (r >= 0 && size > SMALL_MOST)
		r = error_set(EFBIG, "%s: the blob %s has more than 4 MiB", source->reference->text,
			DIGEST_SHOW(&blob->digest));
	for (uint64_t at = 0; r >= 0 && at < size;) {
		char *to = buffer_reserve(bytes, CHUNK_BYTES);

		r = read_at(source, fd, to, offset + at, size - at);
		at += r > 0 ? (uint64_t)r : 0;
		bytes->length += r > 0 ? (size_t)r : 0;
	}
	if (r < 0)
		return r;
	digest_of(bytes->data ? bytes->data : "", bytes->length, &digest);
	return digest_equal(&digest, &blob->digest)
		       ? 0
		       : error_set(EBADMSG, "%s: the blob %s has the digest %s",
				 source->reference->text, DIGEST_SHOW(&blob->digest),
				 DIGEST_SHOW(&digest));
}

/* ---- a registry ---- */

struct registry_source {
	struct image_source source;
	struct registry *registry;
};

static struct registry *registry_of(struct image_source *source)
{
	return ((struct registry_source *)source)->registry;
}

static int registry_source_manifest(struct image_source *source, struct arena *arena,
	const struct digest *digest, struct buffer *bytes, const char **media_type)
{
	const struct reference *reference = source->reference;
	struct digest got;

	return registry_manifest(registry_of(source), arena,
		digest		    ? DIGEST_SHOW(digest)
		: reference->digest ? reference->digest
				    : reference->tag,
		bytes, media_type, &got);
}

static int registry_source_blob(
	struct image_source *source, const struct descriptor *blob, struct buffer *bytes)
{
	return registry_blob(registry_of(source), blob, bytes);
}

static int registry_source_fetch(
	struct image_source *source, struct blob_fetch *fetches, size_t count)
{
	return registry_fetch_all(registry_of(source), fetches, count);
}

static int registry_source_attached(
	struct image_source *source, struct arena *arena, const char *tag, struct buffer *bytes)
{
	const char *media_type;
	struct digest digest;

	return registry_manifest(registry_of(source), arena, tag, bytes, &media_type, &digest);
}

static int registry_source_signature(struct image_source *source, const struct digest *digest,
	unsigned int number, struct buffer *bytes)
{
	return registry_signature(registry_of(source), source->reference, digest, number, bytes);
}

static void registry_source_close(struct image_source *source)
{
	registry_close(&((struct registry_source *)source)->registry);
	memory_free_pointer(&source);
}

static const struct image_source_kind registry_kind = {
	.manifest = registry_source_manifest,
	.blob = registry_source_blob,
	.fetch = registry_source_fetch,
	.attached = registry_source_attached,
	.signature = registry_source_signature,
	.close = registry_source_close,
};

int source_open_registry(const struct registry_settings *settings,
	const struct reference *reference, struct image_source **source)
{
	struct registry_source *opened = memory_allocate_zero(sizeof(*opened));

	opened->source = (struct image_source){ &registry_kind, reference };
	*source = &opened->source;
	return registry_open(settings, reference, REGISTRY_PULL, &opened->registry);
}
