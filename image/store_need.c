/* SPDX-License-Identifier: Apache-2.0 */
#include "image/store_need.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "image/erofs.h"
#include "image/store_folder.h"

#define LAYERS_MOST 1000u

static void add(struct store_need *need, const struct digest *digest)
{
	if (!digest_is_set(digest))
		return;
	if (need->count == need->room) {
		need->room = need->room ? 2 * need->room : 64;
		need->items = memory_resize(need->items, need->room * sizeof(*need->items));
	}
	need->items[need->count++] = *digest;
}

static void add_image(struct store_need *need, const struct store_image *image)
{
	struct digest chain_id;

	store_chain_id(image->layers, image->layer_count, &chain_id);
	add(need, &chain_id);
	add(need, &image->index.digest);
	add(need, &image->manifest.digest);
	add(need, &image->config.digest);
	for (size_t i = 0; i < image->layer_count; i++) {
		add(need, &image->layers[i].blob.digest);
		add(need, &image->layers[i].diff_id);
	}
}

struct use {
	struct store *store;
	struct store_need *need;
};

/* Somebody has this image mounted: an index names its layers. */
static int add_if_used(void *context, const char *name)
{
	const struct use *use = context;
	struct store *store = use->store;
	_cleanup_close_ int fd = -EBADF;
	struct digest chain_id, *tags;
	int count;

	if (!store_file_digest(name, ".erofs", &chain_id))
		return 0;
	fd = openat(store_folder(store, STORE_INDEXES), name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) == 0)
		return 0;
	tags = memory_allocate(LAYERS_MOST * sizeof(*tags));
	count = erofs_read_tags(fd, tags, LAYERS_MOST);
	add(use->need, &chain_id);
	for (int i = 0; i < count; i++)
		add(use->need, &tags[i]);
	free(tags);
	return 0;
}

static int by_digits(const void *a, const void *b)
{
	return strcmp(((const struct digest *)a)->hex, ((const struct digest *)b)->hex);
}

int store_need_read(struct store *store, bool in_use, struct store_need *need)
{
	_cleanup_arena_ struct arena arena = { 0 };
	struct use use = { store, need };
	struct store_images images;
	int r;

	need->count = 0;
	r = store_image_list(store, &arena, &images);
	for (size_t i = 0; r >= 0 && i < images.count; i++)
		add_image(need, images.items[i]);
	if (r >= 0 && in_use)
		r = store_each(store, STORE_INDEXES, add_if_used, &use);
	if (need->count)
		qsort(need->items, need->count, sizeof(*need->items), by_digits);
	return r;
}

bool store_need_has(const struct store_need *need, const struct digest *digest)
{
	return need->count &&
	       bsearch(digest, need->items, need->count, sizeof(*need->items), by_digits);
}

void store_need_free(struct store_need *need)
{
	free(need->items);
	*need = (struct store_need){ 0 };
}
