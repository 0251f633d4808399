/* SPDX-License-Identifier: Apache-2.0 */
/* The store as a target: layers are unpacked while they come. */
#include <string.h>

#include "base/error.h"
#include "image/layer.h"
#include "image/target.h"

struct store_target {
	struct image_target target;
	struct store *store;
	bool keep_blobs;
};

static struct store_target *store_target_of(struct image_target *target)
{
	return (struct store_target *)target;
}

void target_close(struct image_target **target)
{
	if (*target)
		(*target)->kind->close(*target);
	*target = NULL;
}

static int store_target_document(struct image_target *target, const struct descriptor *blob,
	const void *bytes, size_t length, bool is_manifest)
{
	struct digest digest;

	(void)is_manifest;
	return store_blob_write(store_target_of(target)->store, blob, bytes, length, &digest);
}

static struct layer_request request_of(const struct target_layer *layer)
{
	return (struct layer_request){ .blob = layer->blob,
		.diff_id = layer->diff_id,
		.keep_blob = store_target_of(layer->target)->keep_blobs };
}

static int store_target_begin(struct target_layer *layer, uint64_t *from)
{
	struct layer_request request = request_of(layer);
	struct layer *begun = NULL;
	int r = layer_begin(store_target_of(layer->target)->store, &request, &begun, from);

	layer->state = begun;
	return r == LAYER_HERE ? TARGET_HAS : r == LAYER_BUSY ? TARGET_BUSY : r;
}

static int store_target_take(struct target_layer *layer, const void *bytes, size_t length)
{
	return layer_feed(layer->state, bytes, length);
}

static int store_target_end(struct target_layer *layer, int result)
{
	struct layer *begun = layer->state;

	layer->state = NULL;
	if (result >= 0)
		return layer_end(&begun, NULL);
	layer_abandon(&begun);
	return result;
}

static int store_target_wait(struct target_layer *layer)
{
	struct layer_request request = request_of(layer);

	return layer_wait(store_target_of(layer->target)->store, &request);
}

static int store_target_finish(struct image_target *target, const struct copied_image *image)
{
	_cleanup_arena_ struct arena arena = { 0 };
	struct store_image put = {
		/* Without a digest: the name is what one says next time. */
		.name = image->name,
		.index = image->index,
		.manifest = image->manifest,
		.config = image->config,
		.platform = platform_text(&arena, &image->platform),
		.layer_count = image->layer_count,
	};

	put.layers = arena_allocate(&arena, (image->layer_count + 1) * sizeof(*put.layers));
	for (size_t i = 0; i < image->layer_count; i++)
		put.layers[i] = (struct store_layer){ .blob = image->layers[i],
			.diff_id = image->diff_ids[i] };
	return store_image_put(store_target_of(target)->store, &put);
}

static void store_target_close(struct image_target *target)
{
	memory_free_pointer(&target);
}

static const struct image_target_kind store_kind = {
	.keeps_index = true,
	.document = store_target_document,
	.begin = store_target_begin,
	.take = store_target_take,
	.end = store_target_end,
	.wait = store_target_wait,
	.finish = store_target_finish,
	.close = store_target_close,
};

int target_open_store(struct store *store, const struct reference *reference, bool keep_blobs,
	struct image_target **target)
{
	struct store_target *opened = memory_allocate_zero(sizeof(*opened));

	opened->target = (struct image_target){ &store_kind, reference };
	opened->store = store;
	opened->keep_blobs = keep_blobs;
	*target = &opened->target;
	return 0;
}
