/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A registry as a target: a blob is sent when it is whole and was checked, several at the same time,
 * while the next ones come.
 */
#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "image/registry.h"
#include "image/scratch.h"
#include "image/target.h"

#define UPLOADS_MOST 4u

struct registry_target {
	struct image_target target;
	struct registry *registry;
	const char *mount_from;
	struct buffer latest; /* manifest or index, for the name that it gets */
	struct registry_upload *uploads[UPLOADS_MOST]; /* the oldest first */
	unsigned int upload_count;
};

/* A layer that comes before it can go. */
struct spool {
	int fd;
	struct digest_stream *stream;
};

static struct registry_target *registry_target_of(struct image_target *target)
{
	return (struct registry_target *)target;
}

static int registry_target_has(struct image_target *target, const struct descriptor *blob)
{
	struct registry_target *to = registry_target_of(target);
	int r = registry_has_blob(to->registry, &blob->digest);

	if (r == 0 && to->mount_from)
		r = registry_mount_blob(to->registry, &blob->digest, to->mount_from);
	return r;
}

/* Until no more than so many are under way. */
static int end_uploads(struct registry_target *to, unsigned int most)
{
	int r = 0;

	while (r >= 0 && to->upload_count > most) {
		r = registry_upload_end(to->registry, &to->uploads[0]);
		to->upload_count--;
		memmove(to->uploads, to->uploads + 1, to->upload_count * sizeof(to->uploads[0]));
	}
	return r;
}

/* FD is given away. */
static int upload(struct registry_target *to, const struct descriptor *blob, int fd)
{
	struct registry_upload *begun;
	int r = end_uploads(to, UPLOADS_MOST - 1);

	if (r < 0) {
		file_close(&fd);
		return r;
	}
	r = registry_upload_begin(to->registry, blob, fd, &begun);
	if (begun)
		to->uploads[to->upload_count++] = begun;
	return r;
}

static int registry_target_document(struct image_target *target, const struct descriptor *blob,
	const void *bytes, size_t length, bool is_manifest)
{
	struct registry_target *to = registry_target_of(target);
	_cleanup_close_ int fd = -EBADF;
	int r;

	/* By digest, once all that it names is there, and by name at last. */
	if (is_manifest) {
		r = end_uploads(to, 0);
		if (r < 0)
			return r;
		to->latest.length = 0;
		buffer_bytes(&to->latest, bytes, length);
		return registry_push_manifest(
			to->registry, DIGEST_SHOW(&blob->digest), blob->media_type, bytes, length);
	}
	fd = scratch_open_nameless();
	r = fd < 0 ? fd : file_write_all(fd, bytes, length);
	return r < 0 ? error_errno(r, "write a temporary file") : upload(to, blob, TAKE_FD(fd));
}

static int registry_target_begin(struct target_layer *layer, uint64_t *from)
{
	struct spool *spool;
	int r = registry_target_has(layer->target, &layer->blob);

	*from = 0;
	if (r != 0)
		return r < 0 ? r : TARGET_HAS;
	spool = memory_allocate_zero(sizeof(*spool));
	layer->state = spool;
	spool->fd = scratch_open_nameless();
	if (spool->fd < 0) {
		r = error_errno(spool->fd, "make a temporary file");
		memory_free_pointer(&layer->state);
		return r;
	}
	spool->stream = digest_begin();
	return TARGET_WANTS;
}

static int registry_target_take(struct target_layer *layer, const void *bytes, size_t length)
{
	struct spool *spool = layer->state;
	int r = file_write_all(spool->fd, bytes, length);

	digest_update(spool->stream, bytes, length);
	registry_upload_go_on(registry_target_of(layer->target)->registry);
	return r < 0 ? error_errno(r, "write a temporary file") : 0;
}

static int registry_target_end(struct target_layer *layer, int result)
{
	struct spool *spool = layer->state;
	struct digest digest;

	digest_end(spool->stream, &digest);
	if (result >= 0 && !digest_equal(&digest, &layer->blob.digest))
		result = error_set(EBADMSG, "layer %s: what came has the digest %s",
			DIGEST_SHOW(&layer->blob.digest), DIGEST_SHOW(&digest));
	if (result >= 0)
		result =
			upload(registry_target_of(layer->target), &layer->blob, TAKE_FD(spool->fd));
	file_close(&spool->fd);
	memory_free_pointer(&layer->state);
	return result;
}

static int name_it(struct image_target *target, const struct descriptor *blob)
{
	struct registry_target *to = registry_target_of(target);
	const char *tag = target->reference->tag;

	return tag ? registry_push_manifest(to->registry, tag, blob->media_type, to->latest.data,
			     to->latest.length)
		   : 0;
}

static int registry_target_finish(struct image_target *target, const struct copied_image *image)
{
	return name_it(target, &image->manifest);
}

static void registry_target_close(struct image_target *target)
{
	struct registry_target *to = registry_target_of(target);

	for (unsigned int i = 0; i < to->upload_count; i++)
		registry_upload_cancel(to->registry, &to->uploads[i]);
	registry_close(&to->registry);
	buffer_free(&to->latest);
	memory_free_pointer(&to);
}

static const struct image_target_kind registry_kind = {
	.has = registry_target_has,
	.document = registry_target_document,
	.begin = registry_target_begin,
	.take = registry_target_take,
	.end = registry_target_end,
	.finish = registry_target_finish,
	.finish_index = name_it,
	.close = registry_target_close,
};

int target_open_registry(const struct registry_settings *settings,
	const struct reference *reference, const char *mount_from, struct image_target **target)
{
	struct registry_target *opened = memory_allocate_zero(sizeof(*opened));

	opened->target = (struct image_target){ &registry_kind, reference };
	opened->mount_from = mount_from;
	*target = &opened->target;
	if (reference->digest)
		return error_set(EINVAL,
			"%s: what is pushed gets a tag; its digest follows from it",
			reference->text);
	return registry_open(settings, reference, REGISTRY_PUSH, &opened->registry);
}
