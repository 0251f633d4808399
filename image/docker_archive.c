/* SPDX-License-Identifier: Apache-2.0 */
#include "image/docker_archive.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "image/image_config.h"
#include "image/manifest.h"
#include "spec/decode.h"

#define CHUNK_BYTES ((size_t)1 << 20)
#define SMALL_MOST  ((uint64_t)4 << 20)

/* An element of manifest.json. */
struct raw_image {
	const char *config;
	struct string_list tags, layers;
};

struct docker_blob {
	const char *path;
	struct digest digest;
	uint64_t size;
	bool compressed;
};

struct docker_image {
	struct arena *arena;
	struct archive *archive;
	const char *name; /* of the archive, for messages */
	struct docker_blob config, *layers;
	size_t layer_count;
};

static const struct field image_fields[] = {
	{ "Config", FIELD_STRING, offsetof(struct raw_image, config), REQUIRED },
	{ "RepoTags", FIELD_STRINGS, offsetof(struct raw_image, tags) },
	{ "Layers", FIELD_STRINGS, offsetof(struct raw_image, layers), REQUIRED },
	{ 0 },
};
static const struct table image_table = { sizeof(struct raw_image), image_fields, NULL };

static int read_small(const struct docker_image *image, const char *path, struct buffer *bytes)
{
	_cleanup_close_ int fd = -EBADF;
	uint64_t offset, size;
	int r = archive_find(image->archive, path, &fd, &offset, &size);

	if (r >= 0 && size > SMALL_MOST)
		r = -EFBIG;
	if (r >= 0) {
		ssize_t n = pread(
			fd, buffer_reserve(bytes, (size_t)size + 1), (size_t)size, (off_t)offset);

		r = n < 0 ? -errno : (uint64_t)n == size ? 0 : -EIO;
		bytes->length += n > 0 ? (size_t)n : 0;
	}
	return r < 0 ? error_errno(r, "%s: %s", image->name, path) : 0;
}

/* ---- which image ---- */

/* "debian:12" is what Docker writes for docker.io/library/debian:12. */
static bool is_named(struct arena *arena, const struct raw_image *raw, const char *name)
{
	struct reference wanted, have;

	for (size_t i = 0; i < raw->tags.count; i++) {
		if (!strcmp(raw->tags.items[i], name))
			return true;
		if (reference_parse(arena, name, TRANSPORT_REGISTRY, &wanted) == 0 &&
			reference_parse(arena, raw->tags.items[i], TRANSPORT_REGISTRY, &have) ==
				0 &&
			!strcmp(wanted.text, have.text))
			return true;
	}
	error_clear();
	return false;
}

static int choose(const struct docker_image *image, const struct json *root,
	const struct decoder *decoder, const char *name, struct raw_image *chosen)
{
	_cleanup_buffer_ struct buffer names = { 0 };
	bool found = false;

	json_for_each (node, root) {
		struct raw_image raw = { 0 };
		int r = decode_object(decoder, node, &image_table, &raw);

		if (r < 0)
			return r;
		for (size_t i = 0; i < raw.tags.count && names.length < 1024; i++)
			buffer_format(&names, "%s%s", names.length ? ", " : "", raw.tags.items[i]);
		if (name ? is_named(image->arena, &raw, name) : root->count == 1) {
			*chosen = raw;
			found = true;
		}
	}
	return found ? 0
		     : error_set(ENOENT, "%s: %s; there are: %s", image->name,
			       name ? "has no image of that name"
				    : "has several images: say which (:NAME)",
			       names.length ? names.data : "none with a name");
}

/* ---- its blobs ---- */

/* Read it through: its digest. Uncompressed layers are not read, their digest is the diff id. */
static int hash(struct docker_image *image, struct docker_blob *blob, const struct digest *diff_id)
{
	_cleanup_free_ char *chunk = memory_allocate(CHUNK_BYTES);
	_cleanup_digest_ struct digest_stream *stream = NULL;
	_cleanup_close_ int fd = -EBADF;
	uint64_t offset, at = 0;
	int r = archive_find(image->archive, blob->path, &fd, &offset, &blob->size);

	if (r < 0)
		return error_errno(r, "%s: %s", image->name, blob->path);
	while (at < blob->size) {
		uint64_t left = blob->size - at;
		ssize_t n = pread(fd, chunk, left < CHUNK_BYTES ? (size_t)left : CHUNK_BYTES,
			(off_t)(offset + at));

		if (n <= 0)
			return error_errno(n < 0 ? errno : EIO, "%s: %s", image->name, blob->path);
		if (at == 0) {
			blob->compressed = n > 4 && ((chunk[0] == 0x1f && chunk[1] == '\x8b') ||
							    !memcmp(chunk, "\x28\xb5\x2f\xfd", 4));
			if (!blob->compressed && diff_id) {
				blob->digest = *diff_id;
				return 0;
			}
			stream = digest_begin();
		}
		digest_update(stream, chunk, (size_t)n);
		at += (uint64_t)n;
	}
	if (stream)
		digest_end(TAKE_PTR(stream), &blob->digest);
	return 0;
}

static int take_blobs(struct docker_image *image, const struct raw_image *raw)
{
	_cleanup_buffer_ struct buffer bytes = { 0 };
	struct image_config config;
	int r;

	image->config.path = raw->config;
	r = read_small(image, raw->config, &bytes);
	if (r >= 0)
		r = image_config_parse(image->arena,
			arena_format(image->arena, "%s: %s", image->name, raw->config),
			bytes.data ? bytes.data : "", bytes.length, &config);
	if (r < 0)
		return r;
	image->config.size = bytes.length;
	digest_of(bytes.data, bytes.length, &image->config.digest);
	if (config.diff_id_count != raw->layers.count)
		return error_set(EINVAL, "%s: manifest.json has %zu layers, the config %zu",
			image->name, raw->layers.count, config.diff_id_count);
	image->layer_count = raw->layers.count;
	image->layers =
		arena_allocate(image->arena, (image->layer_count + 1) * sizeof(*image->layers));
	for (size_t i = 0; r >= 0 && i < image->layer_count; i++) {
		image->layers[i].path = raw->layers.items[i];
		r = hash(image, &image->layers[i], &config.diff_ids[i]);
	}
	return r;
}

int docker_image_open(struct arena *arena, struct archive *archive,
	const struct reference *reference, struct docker_image **image)
{
	struct docker_image *opened = arena_allocate(arena, sizeof(*opened));
	_cleanup_buffer_ struct buffer bytes = { 0 };
	struct raw_image raw = { 0 };
	struct decoder decoder = { .arena = arena };
	struct json *root;
	int r;

	*image = opened;
	*opened = (struct docker_image){
		.arena = arena, .archive = archive, .name = reference->text
	};
	r = read_small(opened, "manifest.json", &bytes);
	if (r < 0)
		return r;
	decoder.name = arena_format(arena, "%s: manifest.json", reference->text);
	decoder.document = bytes.data;
	r = json_parse(arena, decoder.name, bytes.data ? bytes.data : "", bytes.length, &root);
	if (r >= 0 && root->type != JSON_ARRAY)
		r = error_set(EINVAL, "%s: must be an array", decoder.name);
	if (r >= 0)
		r = choose(opened, root, &decoder, reference->tag, &raw);
	return r < 0 ? r : take_blobs(opened, &raw);
}

/* ---- as a source needs it ---- */

static void write_blob(struct json_writer *writer, const char *key, const char *media_type,
	const struct docker_blob *blob)
{
	json_begin_object(writer, key);
	json_write_string(writer, "mediaType", media_type);
	json_write_unsigned(writer, "size", blob->size);
	json_write_string(writer, "digest", DIGEST_SHOW(&blob->digest));
	json_end_object(writer);
}

void docker_image_manifest(const struct docker_image *image, struct buffer *bytes)
{
	struct json_writer writer = { .buffer = bytes };

	json_begin_object(&writer, NULL);
	json_write_unsigned(&writer, "schemaVersion", 2);
	json_write_string(&writer, "mediaType", MEDIA_OCI_MANIFEST);
	write_blob(&writer, "config", MEDIA_OCI_CONFIG, &image->config);
	json_begin_array(&writer, "layers");
	for (size_t i = 0; i < image->layer_count; i++)
		write_blob(&writer, NULL,
			image->layers[i].compressed ? MEDIA_OCI_LAYER "+gzip" : MEDIA_OCI_LAYER,
			&image->layers[i]);
	json_end_array(&writer);
	json_end_object(&writer);
}

const char *docker_image_path(const struct docker_image *image, const struct digest *digest)
{
	if (digest_equal(&image->config.digest, digest))
		return image->config.path;
	for (size_t i = 0; i < image->layer_count; i++)
		if (digest_equal(&image->layers[i].digest, digest))
			return image->layers[i].path;
	return NULL;
}
