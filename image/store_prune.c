/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Taking away. Two things keep a file: somebody needs it (a name, a mounted image), or
 * somebody holds its lock (a pull that has no name yet). Who puts an image holds the locks
 * until its name is there; so with the lock in hand, and then no name that needs it,
 * nobody is about to.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "image/extract.h"
#include "image/store_folder.h"
#include "image/store_name.h"
#include "image/store_need.h"

#define DRAFT_AGE 3600 /* seconds, after which nobody is writing it */

struct pruning {
	struct store *store;
	struct store_freed *freed;
	struct store_need need;
	int64_t before; /* only what was changed before this second */
	enum store_folder folder;
};

static bool is_old(const struct pruning *pruning, const struct stat *st)
{
	return st->st_mtim.tv_sec < pruning->before;
}

static bool needed_now(struct pruning *pruning, const struct digest *digest)
{
	_cleanup_store_need_ struct store_need need = { 0 };

	return store_need_read(pruning->store, false, &need) < 0 || store_need_has(&need, digest);
}

/* True when the file went. */
static bool take_file(struct pruning *pruning, const char *name, const struct digest *digest)
{
	_cleanup_close_ int fd = store_open_locked(
		pruning->store, pruning->folder, name, O_RDONLY, LOCK_EX | LOCK_NB);
	struct stat st;

	if (fd == -EWOULDBLOCK)
		pruning->freed->in_use++;
	if (fd < 0 || fstat(fd, &st) < 0 || !is_old(pruning, &st) ||
		(digest && needed_now(pruning, digest)) ||
		unlinkat(store_folder(pruning->store, pruning->folder), name, 0) < 0)
		return false;
	pruning->freed->bytes += (uint64_t)st.st_blocks * 512;
	return true;
}

static void take_table(struct pruning *pruning, const struct digest *diff_id)
{
	const char *name = STORE_FILE(diff_id, ".table");
	int layers = store_folder(pruning->store, STORE_LAYERS);
	struct stat st;

	if (fstatat(layers, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && unlinkat(layers, name, 0) == 0)
		pruning->freed->bytes += (uint64_t)st.st_blocks * 512;
}

static int prune_layer(void *context, const char *name)
{
	struct pruning *pruning = context;
	struct digest diff_id;

	if (!store_file_digest(name, ".tar", &diff_id) ||
		store_need_has(&pruning->need, &diff_id) || !take_file(pruning, name, &diff_id))
		return 0;
	take_table(pruning, &diff_id);
	pruning->freed->layers++;
	return 0;
}

static int prune_file(void *context, const char *name)
{
	struct pruning *pruning = context;
	const char *ending = pruning->folder == STORE_INDEXES ? ".erofs" : "";
	struct digest digest;

	if (store_file_digest(name, ending, &digest) && !store_need_has(&pruning->need, &digest) &&
		take_file(pruning, name, &digest))
		pruning->freed->others++;
	return 0;
}

static int prune_tree(void *context, const char *name)
{
	struct pruning *pruning = context;
	int trees = store_folder(pruning->store, STORE_TREES);
	struct digest chain_id;
	struct stat st;

	if (!store_file_digest(name, "", &chain_id) || store_need_has(&pruning->need, &chain_id) ||
		fstatat(trees, name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
		st.st_ctim.tv_sec >= pruning->before)
		return 0;
	if (extract_remove(pruning->store, name) >= 0)
		pruning->freed->others++;
	return 0;
}

static int prune_partial(void *context, const char *name)
{
	struct pruning *pruning = context;
	int partial = store_folder(pruning->store, STORE_PARTIAL);
	struct digest blob;
	struct stat st;

	if (fstatat(partial, name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !is_old(pruning, &st))
		return 0;
	/* Drafts have no locks: one may be at work. */
	if (!store_file_digest(name, "", &blob) && st.st_mtim.tv_sec > time(NULL) - DRAFT_AGE)
		return 0;
	if (S_ISDIR(st.st_mode) ? file_remove_tree_at(partial, name) >= 0
				: take_file(pruning, name, NULL))
		pruning->freed->others++;
	return 0;
}

/* Where a compressed layer's diff id is written though the layer is gone. */
static int prune_diff(void *context, const char *name)
{
	struct pruning *pruning = context;
	struct digest blob, diff_id;
	uint64_t size;
	int fd;

	if (!store_file_digest(name, "", &blob))
		return 0;
	if (store_layer_diff_id(pruning->store, &blob, &diff_id) >= 0) {
		fd = store_layer_open(pruning->store, &diff_id, &size);
		if (fd >= 0) {
			(void)close(fd);
			return 0;
		}
	}
	(void)unlinkat(store_folder(pruning->store, STORE_DIFFS), name, 0);
	return 0;
}

int store_prune(struct store *store, uint64_t age, struct store_freed *freed)
{
	static int (*const visits[STORE_FOLDERS])(void *context, const char *name) = {
		[STORE_INDEXES] = prune_file,
		[STORE_TREES] = prune_tree,
		[STORE_LAYERS] = prune_layer,
		[STORE_BLOBS] = prune_file,
		[STORE_PARTIAL] = prune_partial,
		[STORE_DIFFS] = prune_diff,
	};
	struct pruning pruning = { .store = store, .freed = freed };
	int r = store_need_read(store, true, &pruning.need);

	/* Without an age everything is old. */
	pruning.before = age ? time(NULL) - (int64_t)age : INT64_MAX;
	for (int i = 0; r >= 0 && i < STORE_FOLDERS; i++) {
		pruning.folder = (enum store_folder)i;
		if (visits[i])
			r = store_each(store, pruning.folder, visits[i], &pruning);
	}
	store_need_free(&pruning.need);
	return r;
}

static void remove_parts(struct pruning *pruning, const struct store_image *image)
{
	const struct digest *blobs[] = { &image->manifest.digest, &image->config.digest,
		&image->index.digest };
	struct digest chain_id;

	store_chain_id(image->layers, image->layer_count, &chain_id);
	pruning->folder = STORE_INDEXES;
	(void)prune_file(pruning, STORE_FILE(&chain_id, ".erofs"));
	pruning->folder = STORE_TREES;
	(void)prune_tree(pruning, chain_id.hex);
	for (size_t i = 0; i < image->layer_count; i++) {
		pruning->folder = STORE_LAYERS;
		(void)prune_layer(pruning, STORE_FILE(&image->layers[i].diff_id, ".tar"));
		pruning->folder = STORE_BLOBS;
		(void)prune_file(pruning, image->layers[i].blob.digest.hex);
		pruning->folder = STORE_DIFFS;
		(void)prune_diff(pruning, image->layers[i].blob.digest.hex);
	}
	pruning->folder = STORE_BLOBS;
	for (size_t i = 0; i < ARRAY_SIZE(blobs); i++)
		(void)prune_file(pruning, blobs[i]->hex);
}

int store_image_remove(struct store *store, const char *name, struct store_freed *freed)
{
	_cleanup_arena_ struct arena arena = { 0 };
	struct pruning pruning = { .store = store, .freed = freed, .before = INT64_MAX };
	_cleanup_free_ char *file = NULL;
	struct store_image *image;
	int r = store_name_file(name, &file);

	if (r >= 0)
		r = store_name_read(store, &arena, file, &image);
	if (r == -ENOENT)
		return error_set(ENOENT, "no image \"%s\" here (see hull image list)", name);
	if (r < 0)
		return r;
	if (unlinkat(store_folder(store, STORE_NAMES), file, 0) < 0)
		return error_errno(errno, "cannot remove the name %s", name);
	freed->names++;
	r = store_need_read(store, true, &pruning.need);
	if (r >= 0)
		remove_parts(&pruning, image);
	store_need_free(&pruning.need);
	return r;
}
