/* SPDX-License-Identifier: Apache-2.0 */
/* trees/HEX: an unpacked image under its chain id. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/process.h"
#include "image/extract.h"
#include "image/index.h"
#include "image/store_folder.h"
#include "image/user_namespace.h"

/* An image's files: the merged tree, and the tars that have their contents. */
struct files {
	struct arena arena;
	struct layer_table *tables;
	struct tree tree;
	int *tars;
	size_t count;
};

static void files_close(struct files *files)
{
	tree_end(&files->tree);
	for (size_t i = 0; i < files->count; i++) {
		layer_table_free(&files->tables[i]);
		file_close(&files->tars[i]);
	}
	arena_free(&files->arena);
}

#define _cleanup_files_ __attribute__((cleanup(files_close)))

static int files_open(struct store *store, const struct store_image *image, struct files *files)
{
	size_t count = image->layer_count;

	files->tables = arena_allocate(&files->arena, (count + 1) * sizeof(*files->tables));
	files->tars = arena_allocate(&files->arena, (count + 1) * sizeof(*files->tars));
	tree_begin(&files->tree, &files->arena);
	for (size_t i = 0; i < count; i++) {
		uint64_t size;
		int fd = store_layer_open(store, &image->layers[i].diff_id, &size);

		if (fd < 0)
			return error_errno(fd, "layer %s", DIGEST_SHOW(&image->layers[i].diff_id));
		files->tars[files->count++] = fd;
	}
	return index_tree(store, image->layers, count, files->tables, &files->tree);
}

static int unpack(struct store *store, const struct store_image *image, int folder_fd)
{
	_cleanup_files_ struct files files = { 0 };
	int r = files_open(store, image, &files);

	return r < 0 ? r : extract_tree(&files.tree, files.tars, folder_fd);
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

static int open_tree(struct store *store, const char *name)
{
	int fd = openat(store_folder(store, STORE_TREES), name,
		O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

int extract_open(struct store *store, const struct store_image *image)
{
	struct digest chain_id;

	store_chain_id(image->layers, image->layer_count, &chain_id);
	for (;;) {
		int fd = open_tree(store, chain_id.hex), r;

		if (fd >= 0)
			return fd;
		if (fd != -ENOENT)
			return error_errno(fd, "%s/trees/%s", store_path(store), chain_id.hex);
		r = make(store, image, chain_id.hex);
		if (r < 0)
			return r;
	}
}

int extract_check(struct store *store, const struct store_image *image, struct buffer *problem)
{
	_cleanup_files_ struct files files = { 0 };
	_cleanup_buffer_ struct buffer way = { 0 };
	_cleanup_close_ int fd = -EBADF;
	struct digest chain_id;
	const char *what;
	struct stat st;
	int r;

	store_chain_id(image->layers, image->layer_count, &chain_id);
	fd = open_tree(store, chain_id.hex);
	if (fd == -ENOENT)
		return 0;
	r = files_open(store, image, &files);
	if (r < 0)
		return r;
	/* Whose store it is tells who unpacked it: root may look at a user's. */
	what = fd < 0 || fstat(store_fd(store), &st) < 0
		       ? "cannot be read"
		       : extract_compare(&files.tree, files.tars, fd,
				 st.st_uid != 0 || process_is_rootless(), &way);
	if (what)
		buffer_format(problem, "%.*s%s%s", (int)way.length, way.length ? way.data : "",
			way.length ? " " : "", what);
	return what != NULL;
}

/* First out of sight, so that a kill leaves no half of a tree under its name. */
int extract_remove(struct store *store, const char *name)
{
	int partial = store_folder(store, STORE_PARTIAL);
	char gone[64];

	(void)snprintf(gone, sizeof(gone), "tree.%d.%.16s", getpid(), name);
	if (renameat(store_folder(store, STORE_TREES), name, partial, gone) < 0)
		return -errno;
	return file_remove_tree_at(partial, gone);
}

static int say_there_is_one(void *context, const char *name)
{
	(void)context;
	(void)name;
	return -EEXIST;
}

void extract_reach(struct store *store)
{
	bool tty_group;

	if (geteuid() != 0 && store_each(store, STORE_TREES, say_there_is_one, NULL) == -EEXIST)
		(void)user_namespace_enter(0, &tty_group);
	error_clear();
}
