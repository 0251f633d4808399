/* SPDX-License-Identifier: Apache-2.0 */
/* Which image a name stands for: a small JSON document a name. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "image/draft.h"
#include "image/index.h"
#include "image/layer.h"
#include "image/store_folder.h"
#include "image/store_name.h"

#define RECORD_MOST (1u << 20)

static void write_descriptor(
	struct json_writer *writer, const char *key, const struct descriptor *descriptor)
{
	json_begin_object(writer, key);
	if (descriptor->media_type)
		json_write_string(writer, "mediaType", descriptor->media_type);
	json_write_string(writer, "digest", DIGEST_SHOW(&descriptor->digest));
	json_write_unsigned(writer, "size", descriptor->size);
	json_end_object(writer);
}

static void write_record(struct buffer *text, const struct store_image *image)
{
	struct json_writer writer = { .buffer = text, .pretty = true };

	json_begin_object(&writer, NULL);
	json_write_string(&writer, "name", image->name);
	json_write_integer(&writer, "added", image->added);
	if (image->platform)
		json_write_string(&writer, "platform", image->platform);
	if (digest_is_set(&image->index.digest))
		write_descriptor(&writer, "index", &image->index);
	write_descriptor(&writer, "manifest", &image->manifest);
	write_descriptor(&writer, "config", &image->config);
	json_begin_array(&writer, "layers");
	for (size_t i = 0; i < image->layer_count; i++) {
		const struct store_layer *layer = &image->layers[i];

		json_begin_object(&writer, NULL);
		write_descriptor(&writer, "blob", &layer->blob);
		json_write_string(&writer, "diffId", DIGEST_SHOW(&layer->diff_id));
		json_write_unsigned(&writer, "tarSize", layer->tar_size);
		json_end_object(&writer);
	}
	json_end_array(&writer);
	json_end_object(&writer);
	buffer_text(text, "\n");
}

static const char *read_text(
	struct arena *arena, const struct json *object, const char *key, const char *none)
{
	const struct json *node = json_get(object, key);

	return node && node->type == JSON_STRING ? arena_copy(arena, node->text, strlen(node->text))
						 : none;
}

static int read_digest(
	struct arena *arena, const struct json *object, const char *key, struct digest *digest)
{
	return digest_parse(read_text(arena, object, key, ""), digest);
}

static int read_descriptor(
	struct arena *arena, const struct json *object, struct descriptor *descriptor)
{
	const struct json *size = object ? json_get(object, "size") : NULL;

	if (!object || object->type != JSON_OBJECT || !size ||
		json_unsigned(size, &descriptor->size) < 0)
		return error_set(EINVAL, "lacks a descriptor");
	descriptor->media_type = read_text(arena, object, "mediaType", NULL);
	return read_digest(arena, object, "digest", &descriptor->digest);
}

static int read_layers(struct arena *arena, const struct json *list, struct store_image *image)
{
	if (!list || list->type != JSON_ARRAY)
		return error_set(EINVAL, "lacks its layers");
	image->layers = arena_allocate(arena, (list->count + 1) * sizeof(*image->layers));
	json_for_each (item, list) {
		struct store_layer *layer = &image->layers[image->layer_count++];
		const struct json *size =
			item->type == JSON_OBJECT ? json_get(item, "tarSize") : NULL;
		int r = size ? json_unsigned(size, &layer->tar_size) : -EINVAL;

		if (r >= 0)
			r = read_descriptor(arena, json_get(item, "blob"), &layer->blob);
		if (r >= 0)
			r = read_digest(arena, item, "diffId", &layer->diff_id);
		if (r < 0)
			return r;
	}
	return 0;
}

static int read_record(struct arena *arena, const struct json *root, struct store_image *image)
{
	const struct json *added = NULL, *index = NULL;
	int r = root->type == JSON_OBJECT ? 0 : error_set(EINVAL, "is no object");

	if (r < 0)
		return r;
	added = json_get(root, "added");
	index = json_get(root, "index");
	image->name = read_text(arena, root, "name", "");
	image->platform = read_text(arena, root, "platform", NULL);
	if (added)
		(void)json_integer(added, &image->added);
	if (index)
		r = read_descriptor(arena, index, &image->index);
	if (r >= 0)
		r = read_descriptor(arena, json_get(root, "manifest"), &image->manifest);
	if (r >= 0)
		r = read_descriptor(arena, json_get(root, "config"), &image->config);
	return r < 0 ? r : read_layers(arena, json_get(root, "layers"), image);
}

int store_name_read(
	struct store *store, struct arena *arena, const char *file, struct store_image **read)
{
	_cleanup_buffer_ struct buffer text = { 0 };
	_cleanup_arena_ struct arena parsing = { 0 };
	struct store_image *image = arena_allocate(arena, sizeof(*image));
	struct json *root;
	int r = file_read_at(store_folder(store, STORE_NAMES), file, &text, RECORD_MOST);

	if (r == -ENOENT)
		return r;
	if (r < 0)
		return error_errno(r, "%s/names/%s", store_path(store), file);
	r = json_parse(&parsing, file, text.data ? text.data : "", text.length, &root);
	if (r >= 0)
		r = read_record(arena, root, image);
	if (r < 0)
		return error_context(r, "%s/names/%s", store_path(store), file);
	*read = image;
	return 0;
}

void store_chain_id(const struct store_layer *layers, size_t count, struct digest *chain_id)
{
	char text[2 * DIGEST_TEXT + 1];

	*chain_id = (struct digest){ 0 };
	for (size_t i = 0; i < count; i++) {
		if (i == 0) {
			*chain_id = layers[0].diff_id;
			continue;
		}
		(void)snprintf(text, sizeof(text), "%s %s", DIGEST_SHOW(chain_id),
			DIGEST_SHOW(&layers[i].diff_id));
		digest_of(text, strlen(text), chain_id);
	}
	if (count == 0)
		digest_of("", 0, chain_id);
}

/* What the image says it has: is it here? The sizes of the tars go into LAYERS. */
static int check_parts(
	struct store *store, const struct store_image *image, struct store_layer *layers)
{
	if (!store_blob_has(store, &image->manifest.digest) ||
		!store_blob_has(store, &image->config.digest))
		return error_set(ENOENT, "image %s: its manifest or config is not in the store",
			image->name);
	for (size_t i = 0; i < image->layer_count; i++) {
		_cleanup_close_ int fd =
			store_layer_open(store, &image->layers[i].diff_id, &layers[i].tar_size);

		if (fd < 0)
			return error_errno(fd, "image %s: layer %s", image->name,
				DIGEST_SHOW(&image->layers[i].diff_id));
	}
	return 0;
}

int store_image_put(struct store *store, const struct store_image *wanted)
{
	_cleanup_free_ struct store_layer *layers =
		memory_allocate((wanted->layer_count + 1) * sizeof(*layers));
	_cleanup_buffer_ struct buffer text = { 0 };
	_cleanup_free_ char *file = NULL;
	struct store_image image = *wanted;
	int r = store_name_file(wanted->name, &file);

	if (r < 0)
		return r;
	if (image.layer_count)
		memcpy(layers, wanted->layers, image.layer_count * sizeof(*layers));
	image.layers = layers;
	image.added = time(NULL);
	r = check_parts(store, &image, layers);
	if (r >= 0)
		r = index_make(store, &image);
	/* The name is on the disk only when what it names is. */
	for (enum store_folder folder = 0; r >= 0 && folder < STORE_PARTIAL; folder++)
		r = store_sync_folder(store, folder);
	if (r < 0)
		return r;
	write_record(&text, &image);
	return draft_write(
		store, store_folder(store, STORE_NAMES), file, true, text.data, text.length);
}
