/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A layer from a registry that is not to be trusted: its headers, the tree that they
 * make and the index of it. Twice, fed at once and in crumbs: the same must come of it.
 */
#include "base/memory.h"
#include "image/digest.h"
#include "image/erofs.h"
#include "image/layer_table.h"
#include "image/tar.h"
#include "image/tree.h"
#include "tests/fuzz/fuzz.h"

#define INDEX_MOST (64u << 20) /* chunks of sparse files: large indexes find nothing new */

static int add(void *context, const struct tar_entry *entry)
{
	layer_table_add(context, entry);
	return 0;
}

static int read_tar(const uint8_t *bytes, size_t length, size_t step, struct buffer *table)
{
	_cleanup_tar_ struct tar *tar = tar_begin(add, table);
	int r = 0;

	for (size_t i = 0; r >= 0 && i < length; i += step)
		r = tar_feed(tar, bytes + i, length - i < step ? length - i : step);
	if (r >= 0)
		r = tar_finish(tar);
	layer_table_end(table);
	return r;
}

struct applied {
	struct tree *tree;
	uint64_t chunks;
};

static int apply(void *context, const struct tar_entry *entry)
{
	struct applied *applied = context;

	applied->chunks += entry->sparse ? entry->size / TAR_BLOCK : 1;
	return tree_apply(applied->tree, entry);
}

static void write_index(const struct layer_table *table)
{
	_cleanup_arena_ struct arena arena = { 0 };
	_cleanup_buffer_ struct buffer image = { 0 };
	const struct erofs_device device = { .size = 1u << 20 };
	struct tree tree;
	struct applied applied = { .tree = &tree };

	tree_begin(&tree, &arena);
	if (layer_table_each(table, &arena, apply, &applied) >= 0 &&
		applied.chunks < INDEX_MOST / 8 &&
		erofs_write(&tree, &device, 1, false, &image) >= 0)
		FUZZ_NEED(image.length % 512 == 0);
	tree_end(&tree);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	struct layer_table once = { 0 }, crumbs = { 0 };
	int r = read_tar(bytes, length, length + 1, &once.bytes);

	FUZZ_NEED(r == read_tar(bytes, length, 97, &crumbs.bytes));
	FUZZ_NEED(once.bytes.length == crumbs.bytes.length &&
		  !memcmp(once.bytes.data, crumbs.bytes.data, once.bytes.length));
	if (r < 0)
		FUZZ_NEED(error_text(r)[0] && !strpbrk(error_text(r), "\n\r"));
	else
		write_index(&once);
	error_clear();
	layer_table_free(&once);
	layer_table_free(&crumbs);
	return 0;
}
