/* SPDX-License-Identifier: Apache-2.0 */
/* trees/HEX: an unpacked image under its chain id. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "image/extract.h"
#include "image/index.h"
#include "image/store_folder.h"

static int unpack(struct store *store, const struct store_image *image, int folder_fd)
{
	_cleanup_arena_ struct arena arena = { 0 };
	size_t count = image->layer_count, opened = 0;
	struct layer_table *tables = arena_allocate(&arena, (count + 1) * sizeof(*tables));
	int *tars = arena_allocate(&arena, (count + 1) * sizeof(*tars)), r = 0;
	struct tree tree;

	for (; r >= 0 && opened < count; opened += r >= 0) {
		uint64_t size;

		r = store_layer_open(store, &image->layers[opened].diff_id, &size);
		tars[opened] = r;
		if (r < 0)
			error_errno(r, "layer %s", DIGEST_SHOW(&image->layers[opened].diff_id));
	}
	tree_begin(&tree, &arena);
	if (r >= 0)
		r = index_tree(store, image->layers, count, tables, &tree);
	if (r >= 0)
		r = extract_tree(&tree, tars, folder_fd);
	tree_end(&tree);
	for (size_t i = 0; i < count; i++)
		layer_table_free(&tables[i]);
	for (size_t i = 0; i < opened; i++)
		(void)close(tars[i]);
	return r;
}

/* In partial/ until it is whole, so what a kill leaves is found by prune. */
static int make(struct store *store, const struct store_image *image, const char *name)
{
	int partial = store_folder(store, STORE_PARTIAL), r;
	_cleanup_close_ int fd = -EBADF;
	char draft[64];

	(void)snprintf(draft, sizeof(draft), "tree.%d.%.16s", getpid(), name);
	if (mkdirat(partial, draft, 0700) < 0)
		return error_errno(errno, "cannot make a folder in %s", store_path(store));
	fd = openat(partial, draft, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	r = fd < 0 ? -errno : unpack(store, image, fd);
	if (r >= 0 && syncfs(fd) < 0)
		r = -errno;
	if (r >= 0 && renameat(partial, draft, store_folder(store, STORE_TREES), name) < 0)
		r = errno == EEXIST || errno == ENOTEMPTY ? 1 : -errno;
	if (r != 0)
		(void)file_remove_tree_at(partial, draft);
	return r < 0 ? error_context(r, "image %s", image->name) : 0;
}

int extract_open(struct store *store, const struct store_image *image)
{
	struct digest chain_id;

	store_chain_id(image->layers, image->layer_count, &chain_id);
	for (;;) {
		int fd = openat(store_folder(store, STORE_TREES), chain_id.hex,
			    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC),
		    r;

		if (fd >= 0)
			return fd;
		if (errno != ENOENT)
			return error_errno(errno, "%s/trees/%s", store_path(store), chain_id.hex);
		r = make(store, image, chain_id.hex);
		if (r < 0)
			return r;
	}
}
