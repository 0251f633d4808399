/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/error.h"
#include "base/json.h"
#include "image/command/commands.h"
#include "image/store.h"

#define SHORT_DIGITS 12

struct list_options {
	const char *format;
	bool quiet;
};

static const struct option options[] = {
	{ "format", 'f', OPTION_TEXT, offsetof(struct list_options, format), "FORMAT",
		"table (default) or json", "table json" },
	{ "quiet", 'q', OPTION_FLAG, offsetof(struct list_options, quiet), NULL,
		"the digests alone" },
	{ 0 },
};

static uint64_t image_bytes(const struct store_image *image)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < image->layer_count; i++)
		bytes += image->layers[i].tar_size;
	return bytes;
}

static void format_size(uint64_t bytes, char text[16])
{
	static const char units[] = "BKMGTPE";
	double value = (double)bytes;
	size_t unit = 0;

	for (; value >= 1000 && units[unit + 1]; unit++)
		value /= 1024;
	(void)snprintf(text, 16, unit && value < 10 ? "%.1f%c" : "%.0f%c", value, units[unit]);
}

static void format_time(int64_t seconds, char text[32])
{
	time_t when = (time_t)seconds;
	struct tm tm;

	if (!gmtime_r(&when, &tm) || !strftime(text, 32, "%Y-%m-%dT%H:%M:%SZ", &tm))
		text[0] = '\0';
}

static void print_row(const struct store_image *image)
{
	char size[16], added[32];

	format_size(image_bytes(image), size);
	format_time(image->added, added);
	printf("%-44s %-*.*s  %-14s %6zu %7s  %s\n", image->name, SHORT_DIGITS, SHORT_DIGITS,
		image->manifest.digest.hex, image->platform ? image->platform : "-",
		image->layer_count, size, added);
}

static void write_image(struct json_writer *writer, const struct store_image *image)
{
	char added[32];

	format_time(image->added, added);
	json_begin_object(writer, NULL);
	json_write_string(writer, "name", image->name);
	json_write_string(writer, "manifest", DIGEST_SHOW(&image->manifest.digest));
	json_write_string(writer, "config", DIGEST_SHOW(&image->config.digest));
	if (digest_is_set(&image->index.digest))
		json_write_string(writer, "index", DIGEST_SHOW(&image->index.digest));
	if (image->platform)
		json_write_string(writer, "platform", image->platform);
	json_write_unsigned(writer, "layers", image->layer_count);
	json_write_unsigned(writer, "size", image_bytes(image));
	json_write_string(writer, "added", added);
	json_end_object(writer);
}

static void print_json(const struct store_images *images)
{
	_cleanup_buffer_ struct buffer text = { 0 };
	struct json_writer writer = { .buffer = &text, .pretty = true };

	json_begin_array(&writer, NULL);
	for (size_t i = 0; i < images->count; i++)
		write_image(&writer, images->items[i]);
	json_end_array(&writer);
	puts(text.data);
}

static int list_run(const struct invocation *invocation)
{
	const struct list_options *wanted = invocation->options;
	_cleanup_store_ struct store *store = NULL;
	struct store_images images;
	int r;

	if (wanted->format && strcmp(wanted->format, "json") != 0 &&
		strcmp(wanted->format, "table") != 0)
		return error_set(
			EINVAL, "--format: must be table or json, got \"%s\"", wanted->format);
	r = store_open(invocation->global->store, &store);
	if (r >= 0)
		r = store_image_list(store, invocation->arena, &images);
	if (r < 0)
		return r;
	if (wanted->format && !strcmp(wanted->format, "json") && !wanted->quiet) {
		print_json(&images);
		return 0;
	}
	if (!wanted->quiet)
		printf("%-44s %-*s  %-14s %6s %7s  %s\n", "NAME", SHORT_DIGITS, "DIGEST",
			"PLATFORM", "LAYERS", "SIZE", "ADDED");
	for (size_t i = 0; i < images.count; i++)
		if (wanted->quiet)
			puts(DIGEST_SHOW(&images.items[i]->manifest.digest));
		else
			print_row(images.items[i]);
	return 0;
}

const struct command command_list = {
	.name = "list",
	.synopsis = "[OPTIONS]",
	.summary = "the images of the store",
	.options = options,
	.options_bytes = sizeof(struct list_options),
	.run = list_run,
};
