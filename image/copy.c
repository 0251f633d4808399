/* SPDX-License-Identifier: Apache-2.0 */
#include "image/copy.h"

#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "base/log.h"
#include "image/image_config.h"
#include "image/manifest_oci.h"
#include "image/progress.h"
#include "image/signature.h"

struct copy {
	struct arena arena;
	struct image_source *source;
	struct image_target *target;
	const struct copy_settings *settings;
	struct copy_result *result;
	struct progress *progress;
	const struct platform *platform; /* that is wanted */
	const char *name;		 /* for messages */
	struct policy policy;
	bool index_signed;
};

/* A layer's way through copy: what the source calls, and where it goes. */
struct copied_layer {
	struct copy *copy;
	struct target_layer layer;
	unsigned int item; /* of the progress */
	uint64_t came;
	bool busy;
};

/* ---- layers ---- */

static int layer_wanted(void *context, uint64_t *from)
{
	struct copied_layer *copied = context;
	struct copy *copy = copied->copy;
	int r;

	copied->busy = false;
	*from = 0;
	r = copy->target->kind->begin(&copied->layer, from);
	if (r == TARGET_BUSY) {
		copied->busy = true;
		return 1;
	}
	if (r == TARGET_HAS)
		progress_end(copy->progress, copied->item, "already here");
	if (r != TARGET_WANTS)
		return r < 0 ? r : 1;
	if (*from)
		log_info("layer %.19s...: %llu bytes are here from an earlier try",
			DIGEST_SHOW(&copied->layer.blob.digest), (unsigned long long)*from);
	copied->came = *from;
	copy->result->fetched++;
	progress_begin(copy->progress, copied->item, *from);
	return 0;
}

static int layer_take(void *context, const void *bytes, size_t length)
{
	struct copied_layer *copied = context;

	copied->came += length;
	progress_move(copied->copy->progress, copied->item, copied->came);
	return copied->copy->target->kind->take(&copied->layer, bytes, length);
}

static int layer_ended(void *context, int result)
{
	struct copied_layer *copied = context;
	int r = copied->copy->target->kind->end(&copied->layer, result);

	progress_end(copied->copy->progress, copied->item, r < 0 ? "failed" : "done");
	return r;
}

static void prepare_layers(struct copy *copy, const struct manifest *manifest,
	const struct image_config *config, struct copied_layer *layers, struct blob_fetch *fetches)
{
	for (size_t i = 0; i < manifest->layer_count; i++) {
		const struct descriptor *blob = &manifest->layers[i];

		layers[i] = (struct copied_layer){
			.copy = copy,
			.layer = { .target = copy->target,
				.blob = *blob,
				.diff_id = &config->diff_ids[i] },
			.item = progress_add(
				copy->progress, DIGEST_SHOW(&blob->digest), blob->size),
		};
		fetches[i] = (struct blob_fetch){ blob, &layers[i], layer_wanted, layer_take,
			layer_ended };
	}
}

/*
 * In rounds: a layer that another process is getting is waited for when this one has
 * nothing else to do, and holds nothing that the other may wait for.
 */
static int copy_layers(
	struct copy *copy, const struct manifest *manifest, const struct image_config *config)
{
	size_t count = manifest->layer_count, left = count;
	struct copied_layer *layers = arena_allocate(&copy->arena, (count + 1) * sizeof(*layers));
	struct blob_fetch *fetches = arena_allocate(&copy->arena, (count + 1) * sizeof(*fetches));
	int r = 0;

	prepare_layers(copy, manifest, config, layers, fetches);
	copy->result->layers += count;
	while (left > 0) {
		size_t busy = 0;

		r = copy->source->kind->fetch(copy->source, fetches, left);
		if (r < 0)
			return r;
		for (size_t i = 0; i < left; i++)
			if (((struct copied_layer *)fetches[i].context)->busy)
				fetches[busy++] = fetches[i];
		left = busy;
		if (left > 0) {
			struct copied_layer *first = fetches[0].context;

			log_info("layer %.19s...: another process is getting it: waiting",
				DIGEST_SHOW(&first->layer.blob.digest));
			r = copy->target->kind->wait(&first->layer);
			if (r < 0)
				return r;
		}
	}
	return 0;
}

/* ---- documents ---- */

static int check_signature(struct copy *copy, const struct digest *digest)
{
	return signature_check(&copy->arena, &copy->policy, copy->source, digest);
}

static bool is_config_of_image(const char *media_type)
{
	return !media_type || !strcmp(media_type, MEDIA_OCI_CONFIG) ||
	       !strcmp(media_type, MEDIA_DOCKER_CONFIG);
}

static int copy_config(
	struct copy *copy, const struct manifest *manifest, struct image_config *config)
{
	const char *name = arena_format(&copy->arena, "config of %s", copy->name);
	_cleanup_buffer_ struct buffer bytes = { 0 };
	int r;

	if (!is_config_of_image(manifest->config.media_type))
		return error_set(EINVAL, "%s: is no image of a container but \"%s\"", copy->name,
			manifest->config.media_type);
	r = copy->source->kind->blob(copy->source, &manifest->config, &bytes);
	if (r >= 0)
		r = image_config_parse(
			&copy->arena, name, bytes.data ? bytes.data : "", bytes.length, config);
	if (r >= 0)
		r = image_config_check(copy->name, config, manifest);
	if (r < 0)
		return r;
	return copy->target->kind->document(
		copy->target, &manifest->config, bytes.data, bytes.length, false);
}

/* Without an index its config says for what the image is; it may not be what is wanted. */
static int check_platform(struct copy *copy, const struct platform *have)
{
	const char *is_for = platform_text(&copy->arena, have);
	const char *wanted = platform_text(&copy->arena, copy->platform);

	if (platform_fit(copy->platform, have))
		return 0;
	if (copy->settings->platform)
		return error_set(ENOENT, "%s: there is no image for %s, only one for %s",
			copy->name, wanted, is_for);
	log_warning("%s is for %s, this machine is %s", copy->name, is_for, wanted);
	return 0;
}

/* An image whose manifest, in BYTES, was read and checked. */
static int copy_image(struct copy *copy, const struct manifest *manifest,
	const struct buffer *bytes, const struct descriptor *index, bool with_name)
{
	struct descriptor blob = { .media_type = manifest->media_type, .size = bytes->length };
	struct image_config config;
	struct copied_image image;
	struct platform platform;
	int r = copy_config(copy, manifest, &config);

	if (r < 0)
		return r;
	platform = (struct platform){ config.os, config.architecture, config.variant };
	if (!index)
		r = check_platform(copy, &platform);
	if (r >= 0)
		r = copy_layers(copy, manifest, &config);
	if (r < 0)
		return r;
	digest_of(bytes->data, bytes->length, &blob.digest);
	r = copy->target->kind->document(copy->target, &blob, bytes->data, bytes->length, true);
	copy->result->manifest = blob.digest;
	if (r < 0 || !with_name)
		return r;
	image = (struct copied_image){ .name = copy->settings->name,
		.manifest = blob,
		.config = manifest->config,
		.platform = platform,
		.layers = manifest->layers,
		.diff_ids = config.diff_ids,
		.layer_count = manifest->layer_count };
	if (index)
		image.index = *index;
	return copy->target->kind->finish(copy->target, &image);
}

static int read_manifest(struct copy *copy, const struct descriptor *wanted, struct buffer *bytes,
	struct manifest *manifest)
{
	const char *media_type = NULL;
	int r = copy->source->kind->manifest(
		copy->source, &copy->arena, wanted ? &wanted->digest : NULL, bytes, &media_type);

	if (r < 0)
		return r;
	if (wanted && bytes->length != wanted->size)
		return error_set(EBADMSG, "%s: the manifest %s has %zu bytes, its index says %llu",
			copy->name, DIGEST_SHOW(&wanted->digest), bytes->length,
			(unsigned long long)wanted->size);
	return manifest_parse(&copy->arena,
		arena_format(&copy->arena, "manifest of %s", copy->name),
		media_type ? media_type
		: wanted   ? wanted->media_type
			   : NULL,
		bytes->data ? bytes->data : "", bytes->length, manifest);
}

/* The image alone, in the form that the target takes. */
static int copy_single(struct copy *copy, const struct manifest *manifest,
	const struct buffer *bytes, const struct descriptor *index)
{
	_cleanup_buffer_ struct buffer oci = { 0 };
	struct manifest converted;
	int r;

	if (!copy->target->kind->wants_oci ||
		strcmp(manifest->media_type, MEDIA_DOCKER_MANIFEST) != 0)
		return copy_image(copy, manifest, bytes, index, true);
	log_info("%s: its manifest is Docker's and becomes the OCI's, so its digest another one",
		copy->name);
	r = manifest_to_oci(&copy->arena, copy->name, bytes, &oci);
	if (r >= 0)
		r = manifest_parse(
			&copy->arena, copy->name, NULL, oci.data, oci.length, &converted);
	return r < 0 ? r : copy_image(copy, &converted, &oci, index, true);
}

static int copy_entry(struct copy *copy, const struct manifest_entry *entry,
	const struct descriptor *index, bool with_name)
{
	_cleanup_buffer_ struct buffer bytes = { 0 };
	struct manifest manifest;
	int r = read_manifest(copy, &entry->blob, &bytes, &manifest);

	if (r >= 0 && manifest.is_index)
		r = error_set(EINVAL, "%s: an index in an index", copy->name);
	if (r < 0)
		return r;
	return with_name ? copy_single(copy, &manifest, &bytes, index)
			 : copy_image(copy, &manifest, &bytes, index, false);
}

static int copy_index(struct copy *copy, const struct manifest *top, const struct buffer *bytes,
	const struct descriptor *index)
{
	const struct manifest_entry *entry;
	int r = 0;

	if (copy->settings->all) {
		if (!copy->target->kind->finish_index)
			return error_set(EINVAL, "%s: takes one image, not all of an index (--all)",
				copy->target->reference->text);
		for (size_t i = 0; r >= 0 && i < top->entry_count; i++)
			r = copy_entry(copy, &top->entries[i], index, false);
		if (r >= 0)
			r = copy->target->kind->document(
				copy->target, index, bytes->data, bytes->length, true);
		copy->result->manifest = (struct digest){ 0 };
		return r < 0 ? r : copy->target->kind->finish_index(copy->target, index);
	}
	r = manifest_choose(&copy->arena, copy->name, top, copy->platform, &entry);
	if (r < 0)
		return r;
	/* Who signed the index signed what it names. */
	r = copy->index_signed ? 0 : check_signature(copy, &entry->blob.digest);
	if (r < 0)
		return r;
	/* Kept beside the image: which of several it was. */
	if (copy->target->kind->keeps_index)
		r = copy->target->kind->document(
			copy->target, index, bytes->data, bytes->length, true);
	return r < 0 ? r : copy_entry(copy, entry, index, true);
}

/*
 * Of an index either it may be signed, or the image that is taken of it. An image of the store
 * was asked about when it came.
 */
static int check_top(struct copy *copy, const struct manifest *top, const struct digest *digest)
{
	const struct reference *from = copy->source->reference;
	int r;

	copy->index_signed = true;
	if (from->transport == TRANSPORT_STORE)
		return 0;
	r = policy_find(&copy->arena, copy->settings->policy_file, from, &copy->policy);
	if (r < 0)
		return r;
	r = check_signature(copy, digest);
	if (r != -EACCES || !top->is_index || copy->settings->all)
		return r;
	copy->index_signed = false;
	error_clear();
	return 0;
}

static int copy_all(struct copy *copy)
{
	_cleanup_buffer_ struct buffer bytes = { 0 };
	struct descriptor blob;
	struct manifest top;
	int r = read_manifest(copy, NULL, &bytes, &top);

	if (r < 0)
		return r;
	blob = (struct descriptor){ .media_type = top.media_type, .size = bytes.length };
	digest_of(bytes.data, bytes.length, &blob.digest);
	copy->result->top = blob.digest;
	r = check_top(copy, &top, &blob.digest);
	if (r < 0)
		return r;
	return top.is_index ? copy_index(copy, &top, &bytes, &blob)
			    : copy_single(copy, &top, &bytes, NULL);
}

int image_copy(struct image_source *source, struct image_target *target,
	const struct copy_settings *settings, struct copy_result *result)
{
	_cleanup_progress_ struct progress *progress = progress_open(settings->quiet);
	struct platform host;
	struct copy copy = { .source = source,
		.target = target,
		.settings = settings,
		.result = result,
		.progress = progress,
		.name = source->reference->text };
	int r;

	platform_host(&host);
	copy.platform = settings->platform ? settings->platform : &host;
	*result = (struct copy_result){ 0 };
	r = copy_all(&copy);
	arena_free(&copy.arena);
	return r;
}
