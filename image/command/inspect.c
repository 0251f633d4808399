/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "image/command.h"
#include "image/command/commands.h"
#include "image/command/registry_options.h"
#include "image/image_config.h"
#include "image/manifest.h"
#include "image/pull.h"

struct inspect_options {
	struct registry_options registry;
	const char *platform, *format;
	bool raw, config;
};

static const struct option options[] = {
	{ "format", 'f', OPTION_TEXT, offsetof(struct inspect_options, format), "FORMAT",
		"text (default) or json", "text json" },
	{ "raw", 0, OPTION_FLAG, offsetof(struct inspect_options, raw), NULL,
		"the manifest (or index) itself, byte by byte" },
	{ "config", 0, OPTION_FLAG, offsetof(struct inspect_options, config), NULL,
		"the config itself, byte by byte" },
	{ "platform", 0, OPTION_TEXT, offsetof(struct inspect_options, platform),
		"OS/ARCH[/VARIANT]",
		"of an image that there is for several (default: this machine's)" },
	REGISTRY_OPTION_ROWS(struct inspect_options, registry),
	{ 0 },
};

/* What is told of an image, wherever it is. */
struct inspection {
	const struct invocation *invocation;
	struct reference reference;
	struct arena *arena;
	const struct platform *platform;
	struct image_source *source; /* NULL: of the store */
	struct store *store;
	const char *name;
	struct buffer top, manifest_bytes, config_bytes;
	struct digest index, digest; /* index "": none */
	struct manifest manifest;
	struct image_config config;
};

/* ---- reading ---- */

static int read_manifest(struct inspection *inspection, const struct digest *digest,
	struct buffer *bytes, struct manifest *manifest)
{
	const char *media_type = NULL;
	int r = inspection->source ? inspection->source->kind->manifest(inspection->source,
					     inspection->arena, digest, bytes, &media_type)
				   : store_blob_read(inspection->store, digest, bytes);

	return r < 0 ? r
		     : manifest_parse(inspection->arena,
			       arena_format(inspection->arena, "manifest of %s", inspection->name),
			       media_type, bytes->data ? bytes->data : "", bytes->length, manifest);
}

static int read_elsewhere(struct inspection *inspection)
{
	const struct inspect_options *given = inspection->invocation->options;
	const struct manifest_entry *entry;
	struct registry_settings settings;
	struct platform host;
	int r = registry_options_read(&given->registry, &settings);

	if (r >= 0)
		r = inspection->reference.transport == TRANSPORT_REGISTRY
			    ? source_open_registry(
				      &settings, &inspection->reference, &inspection->source)
			    : source_open_layout(&inspection->reference, &inspection->source);
	if (r >= 0)
		r = read_manifest(inspection, NULL, &inspection->top, &inspection->manifest);
	if (r < 0)
		return r;
	digest_of(inspection->top.data, inspection->top.length, &inspection->digest);
	if (!inspection->manifest.is_index || given->raw) {
		buffer_bytes(
			&inspection->manifest_bytes, inspection->top.data, inspection->top.length);
		return 0;
	}
	platform_host(&host);
	inspection->index = inspection->digest;
	r = manifest_choose(inspection->arena, inspection->name, &inspection->manifest,
		inspection->platform ? inspection->platform : &host, &entry);
	if (r < 0)
		return r;
	inspection->digest = entry->blob.digest;
	return read_manifest(inspection, &entry->blob.digest, &inspection->manifest_bytes,
		&inspection->manifest);
}

static int read_store(struct inspection *inspection)
{
	struct store_image *image;
	int r = store_open(inspection->invocation->global->store, &inspection->store);

	if (r >= 0)
		r = store_image_find(
			inspection->store, inspection->arena, inspection->reference.name, &image);
	if (r < 0)
		return r;
	inspection->index = image->index.digest;
	inspection->digest = image->manifest.digest;
	inspection->name = image->name;
	return read_manifest(inspection, &image->manifest.digest, &inspection->manifest_bytes,
		&inspection->manifest);
}

static int read_config(struct inspection *inspection)
{
	const struct descriptor *blob = &inspection->manifest.config;
	int r = inspection->source ? inspection->source->kind->blob(
					     inspection->source, blob, &inspection->config_bytes)
				   : store_blob_read(inspection->store, &blob->digest,
					     &inspection->config_bytes);

	if (r >= 0)
		r = image_config_parse(inspection->arena,
			arena_format(inspection->arena, "config of %s", inspection->name),
			inspection->config_bytes.data ? inspection->config_bytes.data : "",
			inspection->config_bytes.length, &inspection->config);
	return r >= 0 ? image_config_check(
				inspection->name, &inspection->config, &inspection->manifest)
		      : r;
}

/* ---- telling ---- */

static const char *platform_of(const struct inspection *inspection)
{
	const struct image_config *config = &inspection->config;

	return platform_text(inspection->arena,
		&(struct platform){ config->os, config->architecture, config->variant });
}

static void write_json(struct inspection *inspection, struct json_writer *writer)
{
	const struct image_config *config = &inspection->config;
	const struct json *settings;
	struct json *root;

	json_begin_object(writer, NULL);
	json_write_string(writer, "name", inspection->name);
	json_write_string(writer, "digest", DIGEST_SHOW(&inspection->digest));
	if (digest_is_set(&inspection->index))
		json_write_string(writer, "index", DIGEST_SHOW(&inspection->index));
	json_write_string(writer, "platform", platform_of(inspection));
	if (config->created)
		json_write_string(writer, "created", config->created);
	json_write_string(writer, "mediaType", inspection->manifest.media_type);
	/* Read a moment ago, so it is JSON. */
	if (json_parse(inspection->arena, "config", inspection->config_bytes.data,
		    inspection->config_bytes.length, &root) == 0) {
		settings = json_get(root, "config");
		if (settings)
			json_write_node(writer, "config", settings);
	}
	json_begin_array(writer, "layers");
	for (size_t i = 0; i < inspection->manifest.layer_count; i++) {
		const struct descriptor *layer = &inspection->manifest.layers[i];

		json_begin_object(writer, NULL);
		json_write_string(writer, "digest", DIGEST_SHOW(&layer->digest));
		json_write_unsigned(writer, "size", layer->size);
		if (layer->media_type)
			json_write_string(writer, "mediaType", layer->media_type);
		json_write_string(writer, "diffID", DIGEST_SHOW(&config->diff_ids[i]));
		json_end_object(writer);
	}
	json_end_array(writer);
	json_end_object(writer);
}

static void print_words(const char *label, const struct string_list *list)
{
	if (!list->count)
		return;
	printf("%-12s", label);
	for (size_t i = 0; i < list->count; i++)
		printf("%s%s", i ? " " : "", list->items[i]);
	printf("\n");
}

static void print_text(const struct inspection *inspection)
{
	const struct image_config *config = &inspection->config;

	printf("%-12s%s\n%-12s%s\n", "name:", inspection->name,
		"digest:", DIGEST_SHOW(&inspection->digest));
	if (digest_is_set(&inspection->index))
		printf("%-12s%s\n", "index:", DIGEST_SHOW(&inspection->index));
	printf("%-12s%s\n", "platform:", platform_of(inspection));
	if (config->created)
		printf("%-12s%s\n", "created:", config->created);
	print_words("entrypoint:", &config->entrypoint);
	print_words("command:", &config->command);
	if (config->user)
		printf("%-12s%s\n", "user:", config->user);
	if (config->working_folder)
		printf("%-12s%s\n", "folder:", config->working_folder);
	for (size_t i = 0; i < config->env.count; i++)
		printf("%-12s%s\n", "env:", config->env.items[i]);
	for (size_t i = 0; i < config->volumes.count; i++)
		printf("%-12s%s\n", "volume:", config->volumes.items[i]);
	for (size_t i = 0; i < config->labels.count; i++)
		printf("%-12s%s=%s\n", "label:", config->labels.items[i].key,
			config->labels.items[i].value);
	for (size_t i = 0; i < inspection->manifest.layer_count; i++)
		printf("%-12s%s %" PRIu64 " bytes\n",
			"layer:", DIGEST_SHOW(&inspection->manifest.layers[i].digest),
			inspection->manifest.layers[i].size);
}

static void tell(struct inspection *inspection)
{
	const struct inspect_options *given = inspection->invocation->options;
	_cleanup_buffer_ struct buffer text = { 0 };
	struct json_writer writer = { .buffer = &text, .pretty = true };

	if (given->raw || given->config) {
		const struct buffer *bytes =
			given->raw ? &inspection->manifest_bytes : &inspection->config_bytes;

		(void)fwrite(bytes->data, 1, bytes->length, stdout);
	} else if (given->format && !strcmp(given->format, "json")) {
		write_json(inspection, &writer);
		printf("%s\n", text.data);
	} else {
		print_text(inspection);
	}
}

static int run(const struct invocation *invocation)
{
	const struct inspect_options *given = invocation->options;
	struct inspection inspection = { .invocation = invocation, .arena = invocation->arena };
	struct platform platform;
	int r = reference_parse(
		invocation->arena, invocation->operands[0], TRANSPORT_STORE, &inspection.reference);

	if (given->format && strcmp(given->format, "json") != 0 &&
		strcmp(given->format, "text") != 0)
		return error_set(
			EINVAL, "option --format: must be text or json, got \"%s\"", given->format);
	if (r >= 0)
		r = platform_option_read(
			invocation->arena, given->platform, &platform, &inspection.platform);
	inspection.name = inspection.reference.text;
	if (r >= 0 && (inspection.reference.transport == TRANSPORT_TAR ||
			      inspection.reference.transport == TRANSPORT_DIR))
		r = error_set(EINVAL, "%s: a root file system tells nothing of itself",
			inspection.reference.text);
	if (r >= 0)
		r = inspection.reference.transport == TRANSPORT_STORE ? read_store(&inspection)
								      : read_elsewhere(&inspection);
	if (r >= 0 && !given->raw)
		r = read_config(&inspection);
	if (r >= 0)
		tell(&inspection);
	source_close(&inspection.source);
	store_close_pointer(&inspection.store);
	buffer_free(&inspection.top);
	buffer_free(&inspection.manifest_bytes);
	buffer_free(&inspection.config_bytes);
	return r < 0 ? r : 0;
}

const struct command command_inspect = {
	.name = "inspect",
	.synopsis = "[OPTIONS] NAME",
	.summary = "tell of an image of the store, or (docker://NAME, oci:DIR, ...) of another",
	.options = options,
	.options_bytes = sizeof(struct inspect_options),
	.operands_least = 1,
	.operands_most = 1,
	.run = run,
};
