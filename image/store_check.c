/* SPDX-License-Identifier: Apache-2.0 */
#include "image/store_check.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "image/extract.h"
#include "image/index.h"
#include "image/layer_table.h"
#include "image/store_folder.h"
#include "image/store_name.h"

#define FILE_MOST (4ull << 30)

struct checking {
	struct store *store;
	struct store_check *check;
};

static void report(const struct checking *checking, enum store_folder folder, const char *name,
	const char *what)
{
	_cleanup_free_ char *text =
		string_format("%s/%s: %s", store_folder_name(folder), name, what);

	checking->check->problems++;
	checking->check->problem(checking->check->context, text);
}

/* NAME is taken away when that was asked for; it may be "". */
static void tell(const struct checking *checking, enum store_folder folder, const char *name,
	const char *what)
{
	report(checking, folder, name, what);
	if (checking->check->repair)
		(void)unlinkat(store_folder(checking->store, folder), name, 0);
}

/* Has the file the digest that its name says? */
static bool check_digest(const struct checking *checking, enum store_folder folder,
	const char *name, const struct digest *digest)
{
	_cleanup_close_ int fd = openat(
		store_folder(checking->store, folder), name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	struct digest found;
	struct stat st;

	if (fd < 0) /* taken away just now */
		return false;
	if (fstat(fd, &st) == 0)
		checking->check->bytes += (uint64_t)st.st_size;
	if (digest_of_file(fd, &found) < 0) {
		tell(checking, folder, name, "cannot be read");
		return false;
	}
	if (digest_equal(&found, digest))
		return true;
	tell(checking, folder, name, "does not have the digest of its name");
	return false;
}

static int check_blob(void *context, const char *name)
{
	const struct checking *checking = context;
	struct digest digest;

	if (!store_file_digest(name, "", &digest)) {
		tell(checking, STORE_BLOBS, name, "is no blob");
		return 0;
	}
	checking->check->blobs++;
	(void)check_digest(checking, STORE_BLOBS, name, &digest);
	return 0;
}

/* A table is what the tar gives. One that is missing is made when it is needed. */
static void check_table(const struct checking *checking, const struct digest *diff_id)
{
	_cleanup_buffer_ struct buffer wanted = { 0 }, found = { 0 };
	const char *name = STORE_FILE(diff_id, ".table");
	uint64_t size;
	_cleanup_close_ int fd = store_layer_open(checking->store, diff_id, &size);

	if (fd < 0 || file_read_at(store_folder(checking->store, STORE_LAYERS), name, &found,
			      FILE_MOST) < 0)
		return;
	if (layer_table_scan(fd, &wanted) < 0 || wanted.length != found.length ||
		memcmp(wanted.data, found.data, found.length) != 0)
		tell(checking, STORE_LAYERS, name, "does not fit its tar");
}

static int check_layer(void *context, const char *name)
{
	const struct checking *checking = context;
	struct digest diff_id;

	if (store_file_digest(name, ".table", &diff_id))
		return 0;
	if (!store_file_digest(name, ".tar", &diff_id)) {
		tell(checking, STORE_LAYERS, name, "is no layer");
		return 0;
	}
	checking->check->layers++;
	if (check_digest(checking, STORE_LAYERS, name, &diff_id))
		check_table(checking, &diff_id);
	return 0;
}

static void check_index(const struct checking *checking, const struct store_image *image)
{
	_cleanup_buffer_ struct buffer wanted = { 0 }, found = { 0 };
	struct digest chain_id;
	const char *name;

	store_chain_id(image->layers, image->layer_count, &chain_id);
	name = STORE_FILE(&chain_id, ".erofs");
	if (file_read_at(store_folder(checking->store, STORE_INDEXES), name, &found, FILE_MOST) < 0)
		return;
	if (index_build(checking->store, image->layers, image->layer_count, &wanted) < 0 ||
		wanted.length != found.length || memcmp(wanted.data, found.data, found.length) != 0)
		tell(checking, STORE_INDEXES, name, "does not fit its layers");
}

/* A tree that a container runs from stays until that has ended. */
static void check_tree(const struct checking *checking, const struct store_image *image)
{
	_cleanup_buffer_ struct buffer problem = { 0 };
	_cleanup_close_ int fd = -EBADF;
	struct digest chain_id;

	if (extract_check(checking->store, image, &problem) <= 0)
		return;
	store_chain_id(image->layers, image->layer_count, &chain_id);
	if (checking->check->repair)
		fd = store_open_locked(checking->store, STORE_INDEXES,
			STORE_FILE(&chain_id, ".erofs"), O_RDONLY, LOCK_EX | LOCK_NB);
	if (fd == -EWOULDBLOCK)
		buffer_text(&problem, " (in use)");
	if (checking->check->repair &&
		(fd == -EWOULDBLOCK || extract_remove(checking->store, chain_id.hex) < 0))
		checking->check->kept++;
	report(checking, STORE_TREES, chain_id.hex, problem.data);
}

static bool has_parts(struct store *store, const struct store_image *image)
{
	for (size_t i = 0; i < image->layer_count; i++) {
		uint64_t size;
		int fd = store_layer_open(store, &image->layers[i].diff_id, &size);

		if (fd < 0)
			return false;
		(void)close(fd);
	}
	return store_blob_has(store, &image->manifest.digest) &&
	       store_blob_has(store, &image->config.digest);
}

static int check_name(void *context, const char *name)
{
	const struct checking *checking = context;
	_cleanup_arena_ struct arena arena = { 0 };
	struct store_image *image;
	int r = store_name_read(checking->store, &arena, name, &image);

	if (r == -ENOENT)
		return 0;
	checking->check->images++;
	if (r < 0)
		tell(checking, STORE_NAMES, name, "cannot be read");
	else if (!has_parts(checking->store, image))
		tell(checking, STORE_NAMES, name,
			"lacks a layer, its manifest or its config: "
			"pull it again");
	else {
		check_index(checking, image);
		check_tree(checking, image);
	}
	return 0;
}

int store_check(struct store *store, struct store_check *check)
{
	struct checking checking = { store, check };
	int r = store_each(store, STORE_BLOBS, check_blob, &checking);

	if (r >= 0)
		r = store_each(store, STORE_LAYERS, check_layer, &checking);
	if (r >= 0)
		r = store_each(store, STORE_NAMES, check_name, &checking);
	error_clear();
	return r;
}
