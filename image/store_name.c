/* SPDX-License-Identifier: Apache-2.0 */
#include "image/store_name.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "image/store_folder.h"

#define FILE_NAME_MOST 255
#define DIGITS_LEAST   4 /* of a shortened digest */

int store_name_file(const char *name, char **file)
{
	struct buffer text = { 0 };

	if (!*name)
		return error_set(EINVAL, "the name of an image must not be empty");
	for (const char *c = name; *c; c++) {
		if ((unsigned char)*c <= ' ' || *c == 0x7f) {
			buffer_free(&text);
			return error_set(EINVAL,
				"image name \"%s\": must have no blanks or control characters",
				name);
		}
		if (*c == '/' || *c == '%' || (c == name && *c == '.'))
			buffer_format(&text, "%%%02X", (unsigned char)*c);
		else
			buffer_bytes(&text, c, 1);
	}
	if (text.length > FILE_NAME_MOST) {
		buffer_free(&text);
		return error_set(ENAMETOOLONG, "image name \"%s\": too long", name);
	}
	*file = text.data;
	return 0;
}

struct listing {
	struct store *store;
	struct arena *arena;
	struct store_images *images;
	size_t room;
};

static int list_one(void *context, const char *file)
{
	struct listing *listing = context;
	struct store_images *images = listing->images;
	struct store_image *image;
	int r = store_name_read(listing->store, listing->arena, file, &image);

	if (r == -ENOENT) /* removed just now */
		return 0;
	if (r < 0)
		return r;
	if (images->count == listing->room) {
		struct store_image **more;

		listing->room = listing->room ? 2 * listing->room : 16;
		more = arena_allocate(listing->arena, listing->room * sizeof(*more));
		if (images->count)
			memcpy(more, images->items, images->count * sizeof(*more));
		images->items = more;
	}
	images->items[images->count++] = image;
	return 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(
		(*(struct store_image *const *)a)->name, (*(struct store_image *const *)b)->name);
}

int store_image_list(struct store *store, struct arena *arena, struct store_images *images)
{
	struct listing listing = { .store = store, .arena = arena, .images = images };
	int r;

	*images = (struct store_images){ 0 };
	r = store_each(store, STORE_NAMES, list_one, &listing);
	if (r >= 0 && images->count)
		qsort(images->items, images->count, sizeof(*images->items), by_name);
	return r;
}

/* Levenshtein's distance of two names, for the hint; both are short. */
static size_t distance(const char *a, const char *b)
{
	size_t width = strlen(b) + 1;
	_cleanup_free_ size_t *row = memory_allocate(width * sizeof(*row));

	for (size_t j = 0; j < width; j++)
		row[j] = j;
	for (size_t i = 1; a[i - 1]; i++) {
		size_t corner = row[0];

		row[0] = i;
		for (size_t j = 1; j < width; j++) {
			size_t change = corner + (a[i - 1] != b[j - 1]), least = row[j] + 1;

			corner = row[j];
			if (row[j - 1] + 1 < least)
				least = row[j - 1] + 1;
			row[j] = change < least ? change : least;
		}
	}
	return row[width - 1];
}

static int not_found(const struct store_images *images, const char *text)
{
	const char *nearest = NULL;
	size_t least = strlen(text) / 3 + 1;

	for (size_t i = 0; i < images->count; i++) {
		size_t far = distance(text, images->items[i]->name);

		if (far <= least) {
			least = far;
			nearest = images->items[i]->name;
		}
	}
	if (nearest)
		return error_set(
			ENOENT, "no image \"%s\" here; did you mean \"%s\"?", text, nearest);
	return error_set(ENOENT, "no image \"%s\" here (see hull image list)", text);
}

static bool digest_starts(const struct digest *digest, const char *digits)
{
	return !strncmp(digest->hex, digits, strlen(digits));
}

static bool same_image(const struct store_image *a, const struct store_image *b)
{
	return digest_equal(&a->manifest.digest, &b->manifest.digest);
}

static int find_digits(
	const struct store_images *images, const char *digits, struct store_image **found)
{
	*found = NULL;
	if (strlen(digits) < DIGITS_LEAST || digits[strspn(digits, "0123456789abcdef")])
		return 0;
	for (size_t i = 0; i < images->count; i++) {
		struct store_image *image = images->items[i];

		if (!digest_starts(&image->index.digest, digits) &&
			!digest_starts(&image->manifest.digest, digits) &&
			!digest_starts(&image->config.digest, digits))
			continue;
		if (*found && !same_image(*found, image))
			return error_set(EEXIST, "\"%s\" stands for more than one image: %s, %s",
				digits, (*found)->name, image->name);
		*found = image;
	}
	return 0;
}

int store_image_find(
	struct store *store, struct arena *arena, const char *text, struct store_image **image)
{
	_cleanup_free_ char *file = NULL;
	struct store_images images;
	int r = store_name_file(text, &file);

	if (r >= 0)
		r = store_name_read(store, arena, file, image);
	if (r != -ENOENT)
		return r;
	r = store_image_list(store, arena, &images);
	if (r >= 0)
		r = find_digits(&images, strncmp(text, "sha256:", 7) ? text : text + 7, image);
	if (r >= 0 && !*image)
		r = not_found(&images, text);
	return r;
}
