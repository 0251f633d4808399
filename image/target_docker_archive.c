/* SPDX-License-Identifier: Apache-2.0 */
/* What `docker load` and `podman load` read, as a target: uncompressed layers, a manifest.json. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "image/archive_read.h"
#include "image/archive_write.h"
#include "image/scratch.h"
#include "image/target.h"

struct kept_layer {
	struct digest blob;
	char path[DIGEST_HEX + sizeof(".tar")];
	int fd;
	uint64_t size;
};

struct docker_target {
	struct image_target target;
	struct arena arena;
	struct kept_layer layers[MANIFEST_LAYERS_MOST];
	size_t count;
	struct buffer config; /* of the last document that was none of a manifest */
};

/* A layer on its way; in state of target_layer. */
struct spool {
	int fd;
};

static struct docker_target *docker_of(struct image_target *target)
{
	return (struct docker_target *)target;
}

static int docker_document(struct image_target *target, const struct descriptor *blob,
	const void *bytes, size_t length, bool is_manifest)
{
	struct docker_target *docker = docker_of(target);

	(void)blob;
	if (!is_manifest) {
		docker->config.length = 0;
		buffer_bytes(&docker->config, bytes, length);
	}
	return 0;
}

static int docker_begin(struct target_layer *layer, uint64_t *from)
{
	struct docker_target *docker = docker_of(layer->target);
	struct spool *spool;

	*from = 0;
	for (size_t i = 0; i < docker->count; i++)
		if (digest_equal(&docker->layers[i].blob, &layer->blob.digest))
			return TARGET_HAS;
	spool = memory_allocate_zero(sizeof(*spool));
	layer->state = spool;
	spool->fd = scratch_open_nameless();
	if (spool->fd < 0) {
		int r = error_errno(spool->fd, "make a temporary file");

		memory_free_pointer(&layer->state);
		return r;
	}
	return TARGET_WANTS;
}

static int docker_take(struct target_layer *layer, const void *bytes, size_t length)
{
	int r = file_write_all(((struct spool *)layer->state)->fd, bytes, length);

	return r < 0 ? error_errno(r, "write a temporary file") : 0;
}

/* Unpacked it must be what the config says of it, so the compressed bytes need no look. */
static int unpack(struct docker_target *docker, const struct target_layer *layer, int from)
{
	struct kept_layer *kept = &docker->layers[docker->count];
	struct digest digest;
	int r;

	if (docker->count == ARRAY_SIZE(docker->layers))
		return error_set(EFBIG, "more than %d layers", MANIFEST_LAYERS_MOST);
	*kept = (struct kept_layer){ .blob = layer->blob.digest, .fd = scratch_open_nameless() };
	if (kept->fd < 0)
		return error_errno(kept->fd, "make a temporary file");
	docker->count++;
	r = archive_inflate(from, kept->fd);
	if (r >= 0)
		r = digest_of_file(kept->fd, &digest);
	if (r >= 0 && !digest_equal(&digest, layer->diff_id))
		r = error_set(EBADMSG, "layer %s: unpacked it has the digest %s, not %s",
			DIGEST_SHOW(&layer->blob.digest), DIGEST_SHOW(&digest),
			DIGEST_SHOW(layer->diff_id));
	if (r < 0)
		return r;
	kept->size = (uint64_t)lseek(kept->fd, 0, SEEK_END);
	memcpy(kept->path, digest.hex, DIGEST_HEX);
	memcpy(kept->path + DIGEST_HEX, ".tar", sizeof(".tar"));
	return 0;
}

static int docker_end(struct target_layer *layer, int result)
{
	struct spool *spool = layer->state;

	if (result >= 0)
		result = unpack(docker_of(layer->target), layer, spool->fd);
	file_close(&spool->fd);
	memory_free_pointer(&layer->state);
	return result;
}

static const struct kept_layer *find_layer(
	const struct docker_target *docker, const struct digest *blob)
{
	for (size_t i = 0; i < docker->count; i++)
		if (digest_equal(&docker->layers[i].blob, blob))
			return &docker->layers[i];
	return NULL;
}

/* A layer that the image has twice is one file, named twice. */
static void write_manifest(struct docker_target *docker, const struct copied_image *image,
	const char *config_path, struct buffer *bytes)
{
	struct json_writer writer = { .buffer = bytes };
	const char *name = docker->target.reference->tag;

	json_begin_array(&writer, NULL);
	json_begin_object(&writer, NULL);
	json_write_string(&writer, "Config", config_path);
	json_begin_array(&writer, "RepoTags");
	if (name)
		json_write_string(&writer, NULL, name);
	json_end_array(&writer);
	json_begin_array(&writer, "Layers");
	for (size_t i = 0; i < image->layer_count; i++)
		json_write_string(
			&writer, NULL, find_layer(docker, &image->layers[i].digest)->path);
	json_end_array(&writer);
	json_end_object(&writer);
	json_end_array(&writer);
}

static int docker_finish(struct image_target *target, const struct copied_image *image)
{
	struct docker_target *docker = docker_of(target);
	struct archive_file *files =
		arena_allocate(&docker->arena, (docker->count + 2) * sizeof(*files));
	char *config_path = arena_format(&docker->arena, "%s.json", image->config.digest.hex);
	_cleanup_buffer_ struct buffer manifest = { 0 };
	size_t n = 0;

	write_manifest(docker, image, config_path, &manifest);
	for (size_t i = 0; i < docker->count; i++)
		files[n++] = (struct archive_file){ docker->layers[i].path, docker->layers[i].fd,
			NULL, docker->layers[i].size };
	files[n++] = (struct archive_file){ config_path, -1, docker->config.data,
		docker->config.length };
	files[n++] = (struct archive_file){ "manifest.json", -1, manifest.data, manifest.length };
	return archive_write(target->reference->path, files, n);
}

static void docker_close(struct image_target *target)
{
	struct docker_target *docker = docker_of(target);

	for (size_t i = 0; i < docker->count; i++)
		file_close(&docker->layers[i].fd);
	buffer_free(&docker->config);
	arena_free(&docker->arena);
	memory_free_pointer(&docker);
}

static const struct image_target_kind docker_kind = {
	.document = docker_document,
	.begin = docker_begin,
	.take = docker_take,
	.end = docker_end,
	.finish = docker_finish,
	.close = docker_close,
};

int target_open_docker_archive(const struct reference *reference, struct image_target **target)
{
	struct docker_target *opened = memory_allocate_zero(sizeof(*opened));

	opened->target = (struct image_target){ &docker_kind, reference };
	*target = &opened->target;
	return 0;
}
