/* SPDX-License-Identifier: Apache-2.0 */
#include "image/import.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "image/folder_tar.h"
#include "image/layer.h"
#include "image/manifest.h"

#define CHUNK_BYTES ((size_t)256 << 10)

static int feed(void *context, const void *bytes, size_t length)
{
	return layer_feed(context, bytes, length);
}

static int feed_file(struct layer *layer, const char *path)
{
	_cleanup_close_ int fd = strcmp(path, "-") != 0
					 ? open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY)
					 : fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
	_cleanup_free_ char *chunk = memory_allocate(CHUNK_BYTES);
	uint64_t came = 0;
	int r = 0;

	if (fd < 0)
		return error_errno(errno, "%s", path);
	while (r >= 0) {
		ssize_t n = read(fd, chunk, CHUNK_BYTES);

		if (n < 0)
			return error_errno(errno, "%s", path);
		if (n == 0)
			break;
		came += (uint64_t)n;
		r = layer_feed(layer, chunk, (size_t)n);
	}
	if (r >= 0 && came == 0)
		r = error_set(EINVAL, "%s: is empty", path);
	return r;
}

static int import_layer(
	struct store *store, const struct reference *from, struct layer_result *result)
{
	struct layer_request request = { 0 };
	_cleanup_layer_ struct layer *layer = NULL;
	uint64_t came;
	int r = layer_begin(store, &request, &layer, &came);

	if (r < 0)
		return r;
	r = from->transport == TRANSPORT_DIR ? folder_tar(from->path, feed, layer)
					     : feed_file(layer, from->path);
	if (r >= 0)
		r = layer_end(&layer, result);
	return r < 0 ? error_context(r, "%s", from->text) : 0;
}

/* The time of the build, when somebody wants one (reproducible-builds.org). */
static void write_created(struct json_writer *writer)
{
	const char *text = getenv("SOURCE_DATE_EPOCH");
	time_t seconds = text && *text ? (time_t)strtoll(text, NULL, 10) : -1;
	char created[32];
	struct tm utc;

	if (seconds < 0 || !gmtime_r(&seconds, &utc) ||
		strftime(created, sizeof(created), "%Y-%m-%dT%H:%M:%SZ", &utc) == 0)
		return;
	json_write_string(writer, "created", created);
}

static void compose_config(
	struct buffer *bytes, const struct platform *platform, const struct layer_result *layer)
{
	struct json_writer writer = { .buffer = bytes };

	json_begin_object(&writer, NULL);
	write_created(&writer);
	json_write_string(&writer, "architecture", platform->architecture);
	if (platform->variant)
		json_write_string(&writer, "variant", platform->variant);
	json_write_string(&writer, "os", platform->os);
	json_begin_object(&writer, "config");
	json_end_object(&writer);
	json_begin_object(&writer, "rootfs");
	json_write_string(&writer, "type", "layers");
	json_begin_array(&writer, "diff_ids");
	json_write_string(&writer, NULL, DIGEST_SHOW(&layer->diff_id));
	json_end_array(&writer);
	json_end_object(&writer);
	json_end_object(&writer);
}

static void write_descriptor(
	struct json_writer *writer, const char *key, const struct descriptor *blob)
{
	json_begin_object(writer, key);
	json_write_string(writer, "mediaType", blob->media_type);
	json_write_string(writer, "digest", DIGEST_SHOW(&blob->digest));
	json_write_unsigned(writer, "size", blob->size);
	json_end_object(writer);
}

static void compose_manifest(
	struct buffer *bytes, const struct descriptor *config, const struct descriptor *layer)
{
	struct json_writer writer = { .buffer = bytes };

	json_begin_object(&writer, NULL);
	json_write_unsigned(&writer, "schemaVersion", 2);
	json_write_string(&writer, "mediaType", MEDIA_OCI_MANIFEST);
	write_descriptor(&writer, "config", config);
	json_begin_array(&writer, "layers");
	write_descriptor(&writer, NULL, layer);
	json_end_array(&writer);
	json_end_object(&writer);
}

static int put_document(struct store *store, const char *media_type, const struct buffer *bytes,
	struct descriptor *blob)
{
	blob->media_type = media_type;
	blob->size = bytes->length;
	return store_blob_write(store, NULL, bytes->data, bytes->length, &blob->digest);
}

int image_import_root(struct store *store, const struct reference *from, const char *name,
	const struct platform *platform, struct copy_result *result)
{
	_cleanup_buffer_ struct buffer config = { 0 }, manifest = { 0 };
	_cleanup_arena_ struct arena arena = { 0 };
	struct layer_result layer;
	struct store_layer stored;
	struct store_image image = { .name = name, .layers = &stored, .layer_count = 1 };
	struct platform host;
	int r;

	platform_host(&host);
	platform = platform ? platform : &host;
	r = import_layer(store, from, &layer);
	if (r < 0)
		return r;
	/* Named by what is kept of it, the uncompressed tar: the same however it was packed. */
	stored = (struct store_layer){
		.blob = { MEDIA_OCI_LAYER, layer.diff_id, layer.tar_size },
		.diff_id = layer.diff_id,
	};
	compose_config(&config, platform, &layer);
	r = put_document(store, MEDIA_OCI_CONFIG, &config, &image.config);
	compose_manifest(&manifest, &image.config, &stored.blob);
	if (r >= 0)
		r = put_document(store, MEDIA_OCI_MANIFEST, &manifest, &image.manifest);
	image.platform = platform_text(&arena, platform);
	if (r >= 0)
		r = store_image_put(store, &image);
	*result = (struct copy_result){ image.manifest.digest, image.manifest.digest, 1, 1 };
	return r;
}
