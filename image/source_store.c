/* SPDX-License-Identifier: Apache-2.0 */
/* An image of the store as a source: its layers are compressed again where nobody kept them. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/log.h"
#include "image/deflate.h"
#include "image/manifest.h"
#include "image/scratch.h"
#include "image/source.h"

/* A layer as the target gets it. */
struct layer_form {
	struct descriptor blob;
	int fd; /* of its bytes; -1: the target has it */
};

struct store_source {
	struct image_source source;
	struct store *store;
	const struct store_image *image;
	struct arena arena;
	struct layer_form *layers;
	enum store_form form;
	int (*has)(void *target, const struct descriptor *blob);
	void *target;
	bool changed;
};

static struct store_source *store_source_of(struct image_source *source)
{
	return (struct store_source *)source;
}

/* ---- the form of the layers ---- */

static int open_layer(struct store_source *from, const struct store_layer *layer, uint64_t *size)
{
	int fd = store_layer_open(from->store, &layer->diff_id, size);

	return fd < 0 ? error_errno(fd, "%s: layer %s", from->source.reference->text,
				DIGEST_SHOW(&layer->diff_id))
		      : fd;
}

static int compress(struct store_source *from, const struct store_layer *layer, bool docker,
	struct layer_form *form)
{
	_cleanup_close_ int fd = -EBADF;
	uint64_t size;

	fd = open_layer(from, layer, &size);
	if (fd < 0)
		return fd;
	log_info("layer %.19s...: compressing it again", DIGEST_SHOW(&layer->diff_id));
	form->fd = scratch_open_nameless();
	if (form->fd < 0)
		return error_errno(form->fd, "make a temporary file");
	form->blob.media_type = docker ? MEDIA_DOCKER_LAYER ".gzip" : MEDIA_OCI_LAYER "+gzip";
	return deflate_file(fd, size, form->fd, &form->blob);
}

/* As it came, if it is kept or the target has it; else as the target wants it. */
static int choose_form(struct store_source *from, const struct store_layer *layer,
	const struct descriptor *blob, bool docker, struct layer_form *form)
{
	uint64_t size;
	int r;

	*form = (struct layer_form){ *blob, -EBADF };
	if (from->form == STORE_FORM_PLAIN) {
		form->fd = open_layer(from, layer, &form->blob.size);
		form->blob.digest = layer->diff_id;
		form->blob.media_type = docker ? MEDIA_DOCKER_LAYER : MEDIA_OCI_LAYER;
		return form->fd < 0 ? form->fd : 0;
	}
	form->fd = store_blob_open(from->store, &blob->digest, &size);
	if (form->fd >= 0)
		return 0;
	r = from->has ? from->has(from->target, blob) : 0;
	if (r != 0)
		return r < 0 ? r : 0;
	/* It came uncompressed. */
	if (digest_equal(&blob->digest, &layer->diff_id)) {
		form->fd = open_layer(from, layer, &size);
		return form->fd < 0 ? form->fd : 0;
	}
	return compress(from, layer, docker, form);
}

/* ---- the manifest ---- */

static void write_layer(
	struct json_writer *writer, const struct json *node, const struct layer_form *form)
{
	json_begin_object(writer, NULL);
	json_write_string(writer, "mediaType", form->blob.media_type);
	json_write_string(writer, "digest", DIGEST_SHOW(&form->blob.digest));
	json_write_unsigned(writer, "size", form->blob.size);
	json_for_each (member, node)
		if (strcmp(member->key, "mediaType") != 0 && strcmp(member->key, "digest") != 0 &&
			strcmp(member->key, "size") != 0)
			json_write_node(writer, member->key, member);
	json_end_object(writer);
}

/* The same manifest with other layers. */
static int rewrite(struct store_source *from, const struct buffer *original, struct buffer *bytes)
{
	struct json_writer writer = { .buffer = bytes };
	const struct layer_form *form = from->layers;
	struct json *root;
	int r = json_parse(&from->arena, "manifest", original->data, original->length, &root);

	if (r < 0)
		return r;
	json_begin_object(&writer, NULL);
	json_for_each (member, root) {
		if (strcmp(member->key, "layers") != 0) {
			json_write_node(&writer, member->key, member);
			continue;
		}
		json_begin_array(&writer, member->key);
		json_for_each (node, member)
			write_layer(&writer, node, form++);
		json_end_array(&writer);
	}
	json_end_object(&writer);
	return 0;
}

static int store_source_manifest(struct image_source *source, struct arena *arena,
	const struct digest *digest, struct buffer *bytes, const char **media_type)
{
	struct store_source *from = store_source_of(source);
	_cleanup_buffer_ struct buffer original = { 0 };
	struct manifest manifest;
	int r;

	(void)digest; /* what the name stands for is a manifest, never an index */
	r = store_blob_read(from->store, &from->image->manifest.digest, &original);
	if (r >= 0)
		r = manifest_parse(&from->arena, source->reference->text, NULL, original.data,
			original.length, &manifest);
	if (r >= 0 && manifest.layer_count != from->image->layer_count)
		r = error_set(EINVAL, "%s: the store's image has other layers than its manifest",
			source->reference->text);
	if (r < 0)
		return r;
	*media_type = arena_copy(arena, manifest.media_type, strlen(manifest.media_type));
	for (size_t i = 0; r >= 0 && i < manifest.layer_count; i++) {
		r = choose_form(from, &from->image->layers[i], &manifest.layers[i],
			!strcmp(manifest.media_type, MEDIA_DOCKER_MANIFEST), &from->layers[i]);
		from->changed |=
			!digest_equal(&from->layers[i].blob.digest, &manifest.layers[i].digest);
	}
	if (r < 0)
		return r;
	if (from->changed)
		return rewrite(from, &original, bytes);
	buffer_bytes(bytes, original.data, original.length);
	return 0;
}

/* ---- blobs ---- */

static int store_source_blob(
	struct image_source *source, const struct descriptor *blob, struct buffer *bytes)
{
	return store_blob_read(store_source_of(source)->store, &blob->digest, bytes);
}

static int open_blob(struct image_source *source, const struct descriptor *blob, int *fd,
	uint64_t *offset, uint64_t *size)
{
	struct store_source *from = store_source_of(source);

	for (size_t i = 0; i < from->image->layer_count; i++) {
		const struct layer_form *form = &from->layers[i];

		if (form->fd < 0 || !digest_equal(&form->blob.digest, &blob->digest))
			continue;
		*fd = fcntl(form->fd, F_DUPFD_CLOEXEC, 3);
		*offset = 0;
		*size = form->blob.size;
		return *fd < 0 ? error_errno(errno, "%s", source->reference->text) : 0;
	}
	return error_set(ENOENT, "%s: the target had the layer %s, and has it no more: try again",
		source->reference->text, DIGEST_SHOW(&blob->digest));
}

static int store_source_fetch(struct image_source *source, struct blob_fetch *fetches, size_t count)
{
	return source_fetch_files(source, open_blob, fetches, count);
}

static void store_source_close(struct image_source *source)
{
	struct store_source *from = store_source_of(source);

	for (size_t i = 0; i < from->image->layer_count; i++)
		file_close(&from->layers[i].fd);
	arena_free(&from->arena);
	memory_free_pointer(&from);
}

static const struct image_source_kind store_kind = {
	.manifest = store_source_manifest,
	.blob = store_source_blob,
	.fetch = store_source_fetch,
	.close = store_source_close,
};

int source_open_store(struct store *store, const struct store_image *image,
	const struct reference *reference, enum store_form form,
	int (*has)(void *target, const struct descriptor *blob), void *target,
	struct image_source **source)
{
	struct store_source *opened = memory_allocate_zero(sizeof(*opened));

	opened->source = (struct image_source){ &store_kind, reference };
	opened->store = store;
	opened->image = image;
	opened->form = form;
	opened->has = has;
	opened->target = target;
	opened->layers =
		arena_allocate(&opened->arena, (image->layer_count + 1) * sizeof(*opened->layers));
	for (size_t i = 0; i < image->layer_count; i++)
		opened->layers[i].fd = -EBADF;
	*source = &opened->source;
	return 0;
}
