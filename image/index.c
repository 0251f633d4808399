/* SPDX-License-Identifier: Apache-2.0 */
#include "image/index.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "image/draft.h"
#include "image/erofs.h"
#include "image/store_folder.h"

static int apply(void *context, const struct tar_entry *entry)
{
	return tree_apply(context, entry);
}

int index_tree(struct store *store, const struct store_layer *layers, size_t count,
	struct layer_table *tables, struct tree *tree)
{
	for (size_t i = 0; i < count; i++) {
		int r = layer_table_load(store, &layers[i].diff_id, &tables[i]);

		if (r < 0)
			return r;
		tree->layer = (unsigned int)i;
		r = layer_table_each(&tables[i], tree->arena, apply, tree);
		if (r < 0)
			return error_context(r, "layer %s",
				DIGEST_SHOW(digest_is_set(&layers[i].blob.digest)
						    ? &layers[i].blob.digest
						    : &layers[i].diff_id));
	}
	return 0;
}

static int build(struct store *store, const struct store_layer *layers, size_t count, bool behind,
	struct buffer *index)
{
	_cleanup_arena_ struct arena arena = { 0 };
	struct layer_table *tables = arena_allocate(&arena, (count + 1) * sizeof(*tables));
	struct erofs_device *devices = arena_allocate(&arena, (count + 1) * sizeof(*devices));
	struct tree tree;
	int r = 0;

	for (size_t i = 0; r >= 0 && i < count; i++) {
		int fd = store_layer_open(store, &layers[i].diff_id, &devices[i].size);

		devices[i].tag = layers[i].diff_id;
		if (fd < 0)
			return error_errno(fd, "layer %s", DIGEST_SHOW(&layers[i].diff_id));
		(void)close(fd);
	}
	tree_begin(&tree, &arena);
	r = index_tree(store, layers, count, tables, &tree);
	if (r >= 0)
		r = erofs_write(&tree, devices, count, behind, index);
	tree_end(&tree);
	for (size_t i = 0; i < count; i++)
		layer_table_free(&tables[i]);
	return r;
}

int index_build(
	struct store *store, const struct store_layer *layers, size_t count, struct buffer *index)
{
	return build(store, layers, count, false, index);
}

int index_build_single(
	struct store *store, const struct store_layer *layers, size_t count, struct buffer *index)
{
	return build(store, layers, count, true, index);
}

static int open_index(struct store *store, const char *name)
{
	int fd = store_open_locked(store, STORE_INDEXES, name, O_RDONLY, LOCK_SH);

	if (fd < 0 && fd != -ENOENT)
		return error_errno(fd, "%s/indexes/%s", store_path(store), name);
	return fd;
}

int index_open(struct store *store, const struct store_image *image)
{
	struct digest chain_id;
	const char *name;

	store_chain_id(image->layers, image->layer_count, &chain_id);
	name = STORE_FILE(&chain_id, ".erofs");
	for (;;) {
		_cleanup_buffer_ struct buffer index = { 0 };
		int fd = open_index(store, name), r;

		if (fd != -ENOENT)
			return fd;
		r = index_build(store, image->layers, image->layer_count, &index);
		if (r < 0)
			return error_context(r, "image %s", image->name);
		r = draft_write(store, store_folder(store, STORE_INDEXES), name, false, index.data,
			index.length);
		if (r < 0)
			return r;
	}
}

int index_make(struct store *store, const struct store_image *image)
{
	int fd = index_open(store, image);

	if (fd < 0)
		return fd;
	store_hold(store, fd);
	return 0;
}
