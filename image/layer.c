/* SPDX-License-Identifier: Apache-2.0 */
#include "image/layer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "image/draft.h"
#include "image/layer_table.h"
#include "image/store_folder.h"
#include "image/tree.h"
#include "image/unpack.h"

/* Real layers shrink to a fifth; one of zeros to a thousandth. */
#define RATIO_MOST   200u
#define RATIO_FROM   (1ull << 30)  /* bytes that are always allowed */
#define KEEP_FREE    (64ull << 20) /* of the disk, for others */
#define DIFF_ID_MOST 128u

struct layer {
	struct store *store;
	struct layer_request request;
	char name[DIGEST_TEXT];	      /* the digest, for messages */
	struct digest wanted_diff_id; /* "" when it is not known */
	int partial_fd;		      /* locked; -1 for a layer without a digest */
	struct draft tar;
	struct unpack *unpack;
	uint64_t came; /* compressed bytes */
	struct digest_stream *blob;
};

/* ---- is it here? --------------------------------------------------------------------------------- */

bool layer_is_here(struct store *store, const struct digest *diff_id)
{
	return faccessat(store_folder(store, STORE_LAYERS), STORE_FILE(diff_id, ".tar"), F_OK, 0) ==
	       0;
}

int store_layer_open(struct store *store, const struct digest *diff_id, uint64_t *size)
{
	_cleanup_close_ int fd = openat(store_folder(store, STORE_LAYERS),
		STORE_FILE(diff_id, ".tar"), O_RDONLY | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	*size = (uint64_t)st.st_size;
	return TAKE_FD(fd);
}

int store_layer_diff_id(struct store *store, const struct digest *blob, struct digest *diff_id)
{
	_cleanup_buffer_ struct buffer text = { 0 };
	int r = file_read_at(store_folder(store, STORE_DIFFS), blob->hex, &text, DIFF_ID_MOST);

	if (r < 0)
		return r;
	/* It is a cache: whatever is wrong with it, the layer is got again. */
	if (text.length != DIGEST_HEX || strspn(text.data, "0123456789abcdef") != DIGEST_HEX)
		return -ENOENT;
	memcpy(diff_id->hex, text.data, DIGEST_HEX + 1);
	return 0;
}

/* Locked for as long as the store is open, so that nobody takes it away. */
static bool hold_layer(struct store *store, const struct digest *diff_id)
{
	int fd = store_open_locked(
		store, STORE_LAYERS, STORE_FILE(diff_id, ".tar"), O_RDONLY, LOCK_SH);

	if (fd < 0)
		return false;
	store_hold(store, fd);
	return true;
}

static bool find_layer(struct store *store, const struct layer_request *request)
{
	struct digest diff_id;

	if (request->keep_blob && !store_blob_has(store, &request->blob.digest))
		return false;
	if (request->diff_id)
		return hold_layer(store, request->diff_id);
	return digest_is_set(&request->blob.digest) &&
	       store_layer_diff_id(store, &request->blob.digest, &diff_id) >= 0 &&
	       hold_layer(store, &diff_id);
}

/* ---- begin --------------------------------------------------------------------------------------- */

/* What the uncompressed tar may have: the caller's bound, what is believable, what is free. */
static int size_bound(const struct layer *layer, uint64_t *most)
{
	const struct layer_request *request = &layer->request;
	struct statvfs fs;
	uint64_t free_bytes;

	*most = request->most_bytes ? request->most_bytes : INT64_MAX;
	if (!request->most_bytes && request->blob.size) {
		*most = request->blob.size > INT64_MAX / RATIO_MOST
				? INT64_MAX
				: request->blob.size * RATIO_MOST;
		*most = *most < RATIO_FROM ? RATIO_FROM : *most;
	}
	if (fstatvfs(store_fd(layer->store), &fs) < 0)
		return error_errno(errno, "image store %s", store_path(layer->store));
	free_bytes = (uint64_t)fs.f_bavail * fs.f_frsize;
	free_bytes -= free_bytes > 2 * KEEP_FREE ? KEEP_FREE : 0;
	if (request->blob.size > free_bytes)
		return error_set(ENOSPC, "layer %s: has %llu bytes, but only %llu are free in %s",
			layer->name, (unsigned long long)request->blob.size,
			(unsigned long long)free_bytes, store_path(layer->store));
	*most = *most < free_bytes ? *most : free_bytes;
	return 0;
}

static int start(struct layer *layer)
{
	struct unpack_request request = { .replay_fd = layer->partial_fd, .replay = layer->came };
	int r = size_bound(layer, &request.most_bytes);

	if (r >= 0)
		r = draft_open(layer->store, &layer->tar);
	request.tar_fd = layer->tar.fd;
	return r < 0 ? r : unpack_begin(&request, &layer->unpack);
}

/* The download of an earlier try, locked. */
static int open_partial(struct layer *layer)
{
	const struct digest *digest = &layer->request.blob.digest;
	struct stat st;

	layer->partial_fd = store_open_locked(
		layer->store, STORE_PARTIAL, digest->hex, O_RDWR | O_CREAT, LOCK_EX | LOCK_NB);
	if (layer->partial_fd < 0)
		return layer->partial_fd;
	if (fstat(layer->partial_fd, &st) < 0)
		return -errno;
	layer->came = (uint64_t)st.st_size;
	if (layer->came > layer->request.blob.size) {
		layer->came = 0;
		if (ftruncate(layer->partial_fd, 0) < 0)
			return -errno;
	}
	return lseek(layer->partial_fd, (off_t)layer->came, SEEK_SET) < 0 ? -errno : 0;
}

static void remove_partial(struct layer *layer)
{
	if (layer->partial_fd >= 0)
		(void)unlinkat(store_folder(layer->store, STORE_PARTIAL),
			layer->request.blob.digest.hex, 0);
}

static void layer_free(struct layer **pointer)
{
	struct layer *layer = TAKE_PTR(*pointer);

	unpack_cancel(&layer->unpack);
	digest_free(&layer->blob);
	draft_close(&layer->tar);
	file_close(&layer->partial_fd);
	free(layer);
}

int layer_begin(struct store *store, const struct layer_request *request, struct layer **begun,
	uint64_t *came)
{
	struct layer *layer;
	int r = 0;

	*begun = NULL;
	*came = 0;
	if (find_layer(store, request))
		return LAYER_HERE;
	layer = memory_allocate_zero(sizeof(*layer));
	*layer = (struct layer){
		.store = store, .request = *request, .partial_fd = -EBADF, .tar = DRAFT_NONE
	};
	if (request->diff_id)
		layer->wanted_diff_id = *request->diff_id;
	(void)digest_text(digest_is_set(&request->blob.digest) ? &request->blob.digest
							       : &layer->wanted_diff_id,
		layer->name);
	layer->request.diff_id = NULL;
	if (digest_is_set(&request->blob.digest))
		r = open_partial(layer);
	/* Whoever had the lock may have put the layer there. */
	if (r == -EWOULDBLOCK || (r >= 0 && find_layer(store, request))) {
		if (r >= 0)
			remove_partial(layer);
		layer_free(&layer);
		return r < 0 ? LAYER_BUSY : LAYER_HERE;
	}
	if (r < 0)
		r = error_errno(r, "%s/partial/%s", store_path(store), layer->name);
	else
		r = start(layer);
	if (r < 0) {
		layer_free(&layer);
		return r;
	}
	*came = layer->came;
	*begun = layer;
	return LAYER_FEED;
}

int layer_wait(struct store *store, const struct layer_request *request)
{
	int fd = store_open_locked(
		store, STORE_PARTIAL, request->blob.digest.hex, O_RDONLY, LOCK_SH);

	if (fd == -ENOENT)
		return 0;
	if (fd < 0)
		return error_errno(
			fd, "%s/partial/%s", store_path(store), request->blob.digest.hex);
	(void)close(fd);
	return 0;
}

/* ---- feed ---------------------------------------------------------------------------------------- */

/* The hash of the compressed bytes goes on behind what was here. */
static int take_replayed(struct layer *layer)
{
	return layer->blob ? 0 : unpack_replayed(layer->unpack, &layer->blob);
}

int layer_feed(struct layer *layer, const void *bytes, size_t length)
{
	const struct layer_request *request = &layer->request;
	int r = take_replayed(layer);

	if (r >= 0 && digest_is_set(&request->blob.digest) &&
		length > request->blob.size - layer->came)
		r = error_set(EBADMSG, "more than the %llu bytes that the manifest says came",
			(unsigned long long)request->blob.size);
	if (r >= 0 && layer->partial_fd >= 0) {
		r = file_write_all(layer->partial_fd, bytes, length);
		if (r < 0)
			r = error_errno(r, "cannot write in %s", store_path(layer->store));
	}
	if (r >= 0) {
		digest_update(layer->blob, bytes, length);
		layer->came += length;
		r = unpack_feed(layer->unpack, bytes, length);
	}
	return r < 0 ? error_context(r, "layer %s", layer->name) : 0;
}

int layer_restart(struct layer *layer)
{
	unpack_cancel(&layer->unpack);
	digest_free(&layer->blob);
	draft_close(&layer->tar);
	layer->came = 0;
	if (layer->partial_fd >= 0 &&
		(ftruncate(layer->partial_fd, 0) < 0 || lseek(layer->partial_fd, 0, SEEK_SET) < 0))
		return error_errno(errno, "%s/partial/%s", store_path(layer->store), layer->name);
	return start(layer);
}

void layer_abandon(struct layer **pointer)
{
	struct layer *layer = *pointer;

	if (!layer)
		return;
	if (layer->came == 0)
		remove_partial(layer);
	layer_free(pointer);
}

/* ---- end ----------------------------------------------------------------------------------------- */

static int apply(void *context, const struct tar_entry *entry)
{
	return tree_apply(context, entry);
}

/* What can be known of the entries without the layers below: does one leave the root? */
static int check_entries(struct unpack_result *unpacked)
{
	_cleanup_arena_ struct arena arena = { 0 };
	struct layer_table table = { .bytes = unpacked->table };
	struct tree tree;
	int r;

	tree_begin(&tree, &arena);
	tree.alone = true;
	r = layer_table_each(&table, &arena, apply, &tree);
	tree_end(&tree);
	return r;
}

static int check_digests(struct layer *layer, const struct layer_result *result)
{
	const struct digest *wanted = &layer->request.blob.digest;

	if (digest_is_set(wanted) && !digest_equal(wanted, &result->blob))
		return error_set(
			EBADMSG, "what came has the digest %s", DIGEST_SHOW(&result->blob));
	if (digest_is_set(&layer->wanted_diff_id) &&
		!digest_equal(&layer->wanted_diff_id, &result->diff_id))
		return error_set(EBADMSG,
			"its tar has the digest %s, but the image's config says %s",
			DIGEST_SHOW(&result->diff_id), DIGEST_SHOW(&layer->wanted_diff_id));
	return 0;
}

/* First what is made again from the tar, then the tar: when it is there, all is. */
static int put_layer(
	struct layer *layer, const struct layer_result *result, const struct buffer *table)
{
	int layers = store_folder(layer->store, STORE_LAYERS);
	_cleanup_draft_ struct draft draft = DRAFT_NONE, diff = DRAFT_NONE;
	int r = draft_open(layer->store, &draft);

	if (r >= 0)
		r = draft_open(layer->store, &diff);
	if (r < 0)
		return r;
	r = file_write_all(draft.fd, table->data, table->length);
	if (r >= 0)
		r = file_write_all(diff.fd, result->diff_id.hex, DIGEST_HEX);
	if (r < 0)
		return error_errno(r, "cannot write in %s", store_path(layer->store));
	r = draft_commit(&draft, layers, STORE_FILE(&result->diff_id, ".table"), false, false);
	if (r >= 0)
		r = draft_commit(&diff, store_folder(layer->store, STORE_DIFFS), result->blob.hex,
			true, false);
	if (r >= 0)
		r = draft_commit(
			&layer->tar, layers, STORE_FILE(&result->diff_id, ".tar"), false, true);
	if (r >= 0 && !hold_layer(layer->store, &result->diff_id))
		r = error_set(EAGAIN, "another process took it away at once; try again");
	return r;
}

/* The compressed layer goes to the blobs, or away. */
static int put_blob(struct layer *layer)
{
	const char *name = layer->request.blob.digest.hex;

	if (layer->partial_fd < 0)
		return 0;
	if (!layer->request.keep_blob) {
		remove_partial(layer);
		return 0;
	}
	if (fchmod(layer->partial_fd, 0444) < 0 || fsync(layer->partial_fd) < 0 ||
		renameat(store_folder(layer->store, STORE_PARTIAL), name,
			store_folder(layer->store, STORE_BLOBS), name) < 0)
		return error_errno(errno, "cannot keep the compressed layer");
	(void)flock(layer->partial_fd, LOCK_SH);
	store_hold(layer->store, TAKE_FD(layer->partial_fd));
	return 0;
}

static int finish(struct layer *layer, struct layer_result *result)
{
	struct unpack_result unpacked;
	int r = take_replayed(layer);

	if (r >= 0)
		r = unpack_end(&layer->unpack, &unpacked);
	if (r < 0)
		return r;
	result->diff_id = unpacked.diff_id;
	result->tar_size = unpacked.tar_size;
	result->entries = unpacked.entries;
	result->blob_size = layer->came;
	digest_end(TAKE_PTR(layer->blob), &result->blob);
	r = check_digests(layer, result);
	if (r >= 0)
		r = check_entries(&unpacked);
	if (r >= 0)
		r = put_layer(layer, result, &unpacked.table);
	buffer_free(&unpacked.table);
	return r < 0 ? r : put_blob(layer);
}

int layer_end(struct layer **pointer, struct layer_result *wanted)
{
	struct layer *layer = *pointer;
	struct layer_result result = { 0 };
	int r;

	if (digest_is_set(&layer->request.blob.digest) && layer->came < layer->request.blob.size) {
		r = error_set(ENODATA, "layer %s: only %llu of %llu bytes came", layer->name,
			(unsigned long long)layer->came,
			(unsigned long long)layer->request.blob.size);
		layer_abandon(pointer);
		return r;
	}
	r = finish(layer, &result);
	if (r < 0) {
		error_context(r, "layer %s", layer->name);
		/* With a full disk the bytes are good for the next try; bad ones are not. */
		if (r == -EBADMSG || r == -EFBIG || r == -EINVAL)
			remove_partial(layer);
	} else if (wanted) {
		*wanted = result;
	}
	layer_free(pointer);
	return r;
}
