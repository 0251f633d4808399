/* SPDX-License-Identifier: Apache-2.0 */
#include "image/manifest.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "spec/decode.h"

/* The documents as they are written; digests are text here and checked afterwards. */
struct raw_platform {
	const char *architecture, *os, *variant;
};

struct raw_descriptor {
	const char *media_type, *digest;
	uint64_t size;
	struct raw_platform *platform;
	struct string_map annotations;
};

struct raw_descriptors {
	struct raw_descriptor *items;
	size_t count;
};

struct raw_manifest {
	uint64_t schema_version;
	const char *media_type;
	struct raw_descriptors manifests, layers;
	struct raw_descriptor *config;
	struct string_map annotations;
};

static const struct field platform_fields[] = {
	{ "architecture", FIELD_STRING, offsetof(struct raw_platform, architecture) },
	{ "os", FIELD_STRING, offsetof(struct raw_platform, os) },
	{ "variant", FIELD_STRING, offsetof(struct raw_platform, variant) },
	{ 0 },
};
static const struct table platform_table = { sizeof(struct raw_platform), platform_fields, NULL };

static const struct field descriptor_fields[] = {
	{ "mediaType", FIELD_STRING, offsetof(struct raw_descriptor, media_type) },
	{ "digest", FIELD_STRING, offsetof(struct raw_descriptor, digest), REQUIRED },
	/* int64 of the specification, and never negative. */
	{ "size", FIELD_UNSIGNED, offsetof(struct raw_descriptor, size), REQUIRED, 63 },
	{ "platform", FIELD_OBJECT, offsetof(struct raw_descriptor, platform), 0, 0,
		&platform_table },
	{ "annotations", FIELD_STRING_MAP, offsetof(struct raw_descriptor, annotations) },
	{ 0 },
};
static const struct table descriptor_table = { sizeof(struct raw_descriptor), descriptor_fields,
	NULL };

static const struct field manifest_fields[] = {
	{ "schemaVersion", FIELD_UNSIGNED, offsetof(struct raw_manifest, schema_version) },
	{ "mediaType", FIELD_STRING, offsetof(struct raw_manifest, media_type) },
	{ "manifests", FIELD_OBJECTS, offsetof(struct raw_manifest, manifests), 0, 0,
		&descriptor_table },
	{ "layers", FIELD_OBJECTS, offsetof(struct raw_manifest, layers), 0, 0, &descriptor_table },
	{ "config", FIELD_OBJECT, offsetof(struct raw_manifest, config), 0, 0, &descriptor_table },
	{ "annotations", FIELD_STRING_MAP, offsetof(struct raw_manifest, annotations) },
	{ 0 },
};
static const struct table manifest_table = { sizeof(struct raw_manifest), manifest_fields, NULL };

static int take_descriptor(
	const char *name, const struct raw_descriptor *raw, struct descriptor *descriptor)
{
	int r = digest_parse(raw->digest, &descriptor->digest);

	if (r < 0)
		return error_context(-EINVAL, "%s", name);
	descriptor->media_type = raw->media_type;
	descriptor->size = raw->size;
	return 0;
}

static const char *map_get(const struct string_map *map, const char *key)
{
	for (size_t i = 0; i < map->count; i++)
		if (!strcmp(map->items[i].key, key))
			return map->items[i].value;
	return NULL;
}

static int take_entries(struct arena *arena, const char *name, const struct raw_manifest *raw,
	struct manifest *manifest)
{
	manifest->entry_count = raw->manifests.count;
	manifest->entries =
		arena_allocate(arena, (raw->manifests.count + 1) * sizeof(*manifest->entries));
	for (size_t i = 0; i < raw->manifests.count; i++) {
		const struct raw_descriptor *from = &raw->manifests.items[i];
		struct manifest_entry *entry = &manifest->entries[i];
		int r = take_descriptor(name, from, &entry->blob);

		if (r < 0)
			return r;
		entry->ref_name = map_get(&from->annotations, ANNOTATION_REF_NAME);
		if (from->platform && from->platform->os && from->platform->architecture)
			entry->platform = (struct platform){ from->platform->os,
				from->platform->architecture, from->platform->variant };
	}
	return 0;
}

static int take_layers(struct arena *arena, const char *name, const struct raw_manifest *raw,
	struct manifest *manifest)
{
	if (raw->layers.count > MANIFEST_LAYERS_MOST)
		return error_set(EINVAL, "%s: more than %d layers", name, MANIFEST_LAYERS_MOST);
	manifest->layer_count = raw->layers.count;
	manifest->layers =
		arena_allocate(arena, (raw->layers.count + 1) * sizeof(*manifest->layers));
	for (size_t i = 0; i < raw->layers.count; i++) {
		int r = take_descriptor(name, &raw->layers.items[i], &manifest->layers[i]);

		if (r < 0)
			return r;
	}
	return take_descriptor(name, raw->config, &manifest->config);
}

/* 1: an index, 0: an image, -1: the media type does not say. */
static int kind_of(const char *media_type)
{
	if (!media_type)
		return -1;
	if (!strcmp(media_type, MEDIA_OCI_INDEX) || !strcmp(media_type, MEDIA_DOCKER_INDEX))
		return 1;
	if (!strcmp(media_type, MEDIA_OCI_MANIFEST) || !strcmp(media_type, MEDIA_DOCKER_MANIFEST))
		return 0;
	return -1;
}

/*
 * A document that can be read as both means one thing to one reader and another to
 * the next, under one digest (CVE-2021-41190): refused.
 */
static int decide_kind(const char *name, const struct json *root, const char *media_type,
	const struct raw_manifest *raw, struct manifest *manifest)
{
	bool image = json_get(root, "config") || json_get(root, "layers");
	int said = kind_of(raw->media_type), outside = kind_of(media_type);

	manifest->is_index = json_get(root, "manifests") != NULL;
	manifest->media_type = raw->media_type ? raw->media_type : media_type;
	if (raw->schema_version == 1 || json_get(root, "fsLayers"))
		return error_set(EINVAL,
			"%s: a manifest of Docker's old schema 1, which nobody can check: push the "
			"image anew with a newer Docker",
			name);
	if (raw->schema_version != 2)
		return error_set(EINVAL, "%s: schemaVersion: must be 2", name);
	if (manifest->is_index && image)
		return error_set(EINVAL, "%s: both an index and an image", name);
	if (!manifest->is_index && !raw->config)
		return error_set(EINVAL, "%s: neither an index nor an image (no config)", name);
	if ((said >= 0 && said != manifest->is_index) ||
		(outside >= 0 && outside != manifest->is_index))
		return error_set(EINVAL, "%s: its media type is that of an %s, but it is an %s",
			name, manifest->is_index ? "image" : "index",
			manifest->is_index ? "index" : "image");
	if (kind_of(manifest->media_type) < 0)
		manifest->media_type = manifest->is_index ? MEDIA_OCI_INDEX : MEDIA_OCI_MANIFEST;
	return 0;
}

int manifest_parse(struct arena *arena, const char *name, const char *media_type, const char *bytes,
	size_t length, struct manifest *manifest)
{
	const struct decoder decoder = { arena, name, bytes };
	struct raw_manifest raw = { 0 };
	struct json *root;
	int r = json_parse(arena, name, bytes, length, &root);

	*manifest = (struct manifest){ 0 };
	if (r >= 0)
		r = decode_object(&decoder, root, &manifest_table, &raw);
	if (r >= 0)
		r = decide_kind(name, root, media_type, &raw, manifest);
	if (r < 0)
		return r;
	manifest->annotations = raw.annotations;
	return manifest->is_index ? take_entries(arena, name, &raw, manifest)
				  : take_layers(arena, name, &raw, manifest);
}

/* ---- which of an index ---- */

static int refuse_platform(struct arena *arena, const char *name, const struct manifest *index,
	const struct platform *wanted)
{
	_cleanup_buffer_ struct buffer list = { 0 };

	for (size_t i = 0; i < index->entry_count && list.length < 1024; i++) {
		const struct platform *platform = &index->entries[i].platform;

		/* Attestations stand in an index as "unknown/unknown". */
		if (platform->os && strcmp(platform->os, "unknown") != 0)
			buffer_format(&list, "%s%s", list.length ? ", " : "",
				platform_text(arena, platform));
	}
	return error_set(ENOENT, "%s: no image for %s; there are: %s", name,
		platform_text(arena, wanted), list.length ? list.data : "none that says for what");
}

int manifest_choose(struct arena *arena, const char *name, const struct manifest *index,
	const struct platform *wanted, const struct manifest_entry **entry)
{
	unsigned int best = 0;

	*entry = NULL;
	for (size_t i = 0; i < index->entry_count; i++) {
		const struct platform *platform = &index->entries[i].platform;
		unsigned int fit = platform->os ? platform_fit(wanted, platform) : 0;

		if (fit > best) {
			best = fit;
			*entry = &index->entries[i];
		}
	}
	/* A layout of one image need not say for what it is; its config does. */
	if (!*entry && index->entry_count == 1 && !index->entries[0].platform.os)
		*entry = &index->entries[0];
	return *entry ? 0 : refuse_platform(arena, name, index, wanted);
}
