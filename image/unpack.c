/* SPDX-License-Identifier: Apache-2.0 */
#include "image/unpack.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "image/inflate.h"
#include "image/layer_table.h"
#include "image/queue.h"
#include "image/tar.h"

#define IN_PIECE     (128u << 10)
#define OUT_PIECE    (256u << 10)
#define FLUSH_BYTES  (16u << 20) /* written back to the disk so early, for a short fsync */
#define ENTRIES_MOST (1u << 22)

struct unpack {
	struct unpack_request request;
	struct queue in, out;
	char *filling; /* piece of IN that is not full */
	size_t filled;
	bool piece_taken; /* a piece of IN is at the inflater */
	pthread_t inflater, writer;
	/* The inflater's until it has replayed. */
	uint64_t replayed;
	char *replay_bytes;
	struct digest_stream *blob;
	/* The writer's. */
	struct digest_stream *diff;
	struct tar *tar;
	uint64_t written;
	struct unpack_result result;
	/* What went wrong first; by mutex. */
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	bool replay_done;
	int error;
	char text[ERROR_TEXT_BYTES];
};

/* Everybody stops, and the caller gets the first cause. */
static void give_up(struct unpack *unpack, int error)
{
	(void)pthread_mutex_lock(&unpack->mutex);
	if (!unpack->error && error != -ECANCELED) {
		unpack->error = error;
		(void)snprintf(unpack->text, sizeof(unpack->text), "%s", error_text(error));
	}
	unpack->replay_done = true;
	(void)pthread_cond_signal(&unpack->changed);
	(void)pthread_mutex_unlock(&unpack->mutex);
	queue_cancel(&unpack->in);
	queue_cancel(&unpack->out);
}

static int failure(struct unpack *unpack)
{
	int error;

	(void)pthread_mutex_lock(&unpack->mutex);
	error = unpack->error;
	if (error)
		error = error_set(error, "%s", unpack->text);
	(void)pthread_mutex_unlock(&unpack->mutex);
	return error;
}

/* ---- the inflater ------------------------------------------------------------------------------ */

static void replay_is_done(struct unpack *unpack)
{
	(void)pthread_mutex_lock(&unpack->mutex);
	unpack->replay_done = true;
	(void)pthread_cond_signal(&unpack->changed);
	(void)pthread_mutex_unlock(&unpack->mutex);
}

static long replay(struct unpack *unpack, const void **bytes)
{
	uint64_t left = unpack->request.replay - unpack->replayed;
	ssize_t length;

	if (!unpack->replay_bytes)
		unpack->replay_bytes = memory_allocate(IN_PIECE);
	length = pread(unpack->request.replay_fd, unpack->replay_bytes,
		left < IN_PIECE ? left : IN_PIECE, (off_t)unpack->replayed);
	if (length <= 0)
		return error_errno(length ? errno : EIO, "cannot read what came before");
	digest_update(unpack->blob, unpack->replay_bytes, (size_t)length);
	unpack->replayed += (uint64_t)length;
	*bytes = unpack->replay_bytes;
	return length;
}

static long inflater_get(void *context, const void **bytes)
{
	struct unpack *unpack = context;
	long length;

	if (unpack->replayed < unpack->request.replay)
		return replay(unpack, bytes);
	replay_is_done(unpack);
	if (unpack->piece_taken)
		queue_taken(&unpack->in);
	length = queue_get(&unpack->in, bytes);
	unpack->piece_taken = length > 0;
	return length;
}

static char *inflater_room(void *context, size_t *size)
{
	struct unpack *unpack = context;

	*size = OUT_PIECE;
	return queue_room(&unpack->out);
}

static int inflater_put(void *context, size_t length)
{
	struct unpack *unpack = context;

	queue_put(&unpack->out, length);
	return 0;
}

static void *inflater_run(void *context)
{
	struct unpack *unpack = context;
	const struct inflate_ends ends = { inflater_get, inflater_room, inflater_put, unpack };
	const void *rest;
	long r = inflate_all(&ends);

	/* What stands behind the compressed data counts for the blob's digest alone. */
	while (r >= 0 && (r = inflater_get(unpack, &rest)) > 0)
		;
	if (r < 0)
		give_up(unpack, (int)r);
	queue_finish(&unpack->out);
	return NULL;
}

/* ---- the writer -------------------------------------------------------------------------------- */

static int add_entry(void *context, const struct tar_entry *entry)
{
	struct unpack *unpack = context;

	if (++unpack->result.entries > ENTRIES_MOST)
		return error_set(EBADMSG, "more than %u entries", ENTRIES_MOST);
	layer_table_add(&unpack->result.table, entry);
	return 0;
}

static int write_piece(struct unpack *unpack, const void *bytes, size_t length)
{
	uint64_t before = unpack->written;
	int r;

	if (length > unpack->request.most_bytes - before)
		return error_set(EFBIG, "it inflates to more than %llu bytes, which is too much",
			(unsigned long long)unpack->request.most_bytes);
	digest_update(unpack->diff, bytes, length);
	r = tar_feed(unpack->tar, bytes, length);
	if (r < 0)
		return r;
	r = file_write_all(unpack->request.tar_fd, bytes, length);
	if (r < 0)
		return error_errno(r, "cannot write the layer's tar");
	unpack->written += length;
	if (before / FLUSH_BYTES != unpack->written / FLUSH_BYTES)
		(void)sync_file_range(unpack->request.tar_fd,
			(off_t)(before / FLUSH_BYTES * FLUSH_BYTES), FLUSH_BYTES,
			SYNC_FILE_RANGE_WRITE);
	return 0;
}

static void *writer_run(void *context)
{
	struct unpack *unpack = context;
	const void *bytes;
	long length;
	int r = 0;

	while (r >= 0 && (length = queue_get(&unpack->out, &bytes)) != 0) {
		r = length < 0 ? (int)length : write_piece(unpack, bytes, (size_t)length);
		if (length > 0)
			queue_taken(&unpack->out);
	}
	if (r >= 0)
		r = tar_finish(unpack->tar);
	if (r < 0)
		give_up(unpack, r);
	return NULL;
}

/* ---- the caller -------------------------------------------------------------------------------- */

int unpack_begin(const struct unpack_request *request, struct unpack **begun)
{
	struct unpack *unpack = memory_allocate_zero(sizeof(*unpack));
	int r;

	unpack->request = *request;
	queue_begin(&unpack->in, IN_PIECE);
	queue_begin(&unpack->out, OUT_PIECE);
	(void)pthread_mutex_init(&unpack->mutex, NULL);
	(void)pthread_cond_init(&unpack->changed, NULL);
	unpack->blob = digest_begin();
	unpack->diff = digest_begin();
	unpack->tar = tar_begin(add_entry, unpack);
	*begun = unpack;
	r = pthread_create(&unpack->inflater, NULL, inflater_run, unpack);
	if (r == 0) {
		r = pthread_create(&unpack->writer, NULL, writer_run, unpack);
		if (r == 0)
			return 0;
		give_up(unpack, -r);
		(void)pthread_join(unpack->inflater, NULL);
	}
	unpack->inflater = unpack->writer = 0;
	unpack_cancel(begun);
	return error_errno(r, "cannot make a thread");
}

static void flush(struct unpack *unpack)
{
	if (unpack->filled)
		queue_put(&unpack->in, unpack->filled);
	unpack->filling = NULL;
	unpack->filled = 0;
}

int unpack_feed(struct unpack *unpack, const void *start, size_t length)
{
	const char *bytes = start;

	while (length) {
		size_t part;

		if (!unpack->filling)
			unpack->filling = queue_room(&unpack->in);
		if (!unpack->filling) {
			int r = failure(unpack);

			return r ? r : error_set(ECANCELED, "stopped");
		}
		part = IN_PIECE - unpack->filled;
		part = part < length ? part : length;
		memcpy(unpack->filling + unpack->filled, bytes, part);
		unpack->filled += part;
		bytes += part;
		length -= part;
		if (unpack->filled == IN_PIECE)
			flush(unpack);
	}
	return 0;
}

int unpack_replayed(struct unpack *unpack, struct digest_stream **blob)
{
	(void)pthread_mutex_lock(&unpack->mutex);
	while (!unpack->replay_done)
		(void)pthread_cond_wait(&unpack->changed, &unpack->mutex);
	(void)pthread_mutex_unlock(&unpack->mutex);
	*blob = TAKE_PTR(unpack->blob);
	return failure(unpack);
}

static void join(struct unpack *unpack)
{
	if (unpack->inflater)
		(void)pthread_join(unpack->inflater, NULL);
	if (unpack->writer)
		(void)pthread_join(unpack->writer, NULL);
	unpack->inflater = unpack->writer = 0;
}

static void unpack_free(struct unpack *unpack)
{
	queue_end(&unpack->in);
	queue_end(&unpack->out);
	(void)pthread_cond_destroy(&unpack->changed);
	(void)pthread_mutex_destroy(&unpack->mutex);
	digest_free(&unpack->blob);
	digest_free(&unpack->diff);
	tar_free(&unpack->tar);
	free(unpack->replay_bytes);
	free(unpack);
}

int unpack_end(struct unpack **pointer, struct unpack_result *result)
{
	struct unpack *unpack = TAKE_PTR(*pointer);
	int r;

	*result = (struct unpack_result){ 0 };
	flush(unpack);
	queue_finish(&unpack->in);
	join(unpack);
	r = failure(unpack);
	if (r >= 0) {
		*result = unpack->result;
		result->tar_size = unpack->written;
		digest_end(TAKE_PTR(unpack->diff), &result->diff_id);
		layer_table_end(&result->table);
	} else {
		buffer_free(&unpack->result.table);
	}
	unpack_free(unpack);
	return r;
}

void unpack_cancel(struct unpack **pointer)
{
	struct unpack *unpack = TAKE_PTR(*pointer);

	if (!unpack)
		return;
	give_up(unpack, -ECANCELED);
	join(unpack);
	buffer_free(&unpack->result.table);
	unpack_free(unpack);
}
