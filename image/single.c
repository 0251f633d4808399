/* SPDX-License-Identifier: Apache-2.0 */
#include "image/single.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "image/index.h"
#include "image/json_reader.h"
#include "image/layer.h"
#include "image/scratch.h"

#define BLOCK	    512u
#define MAGIC	    "hull-image-file 1\n"
#define JSON_MOST   ((uint64_t)64 << 20)
#define CHUNK_BYTES ((size_t)1 << 20)

/* EROFS leaves 1,024 bytes free. What follows exec is never read. */
static const char script[] = "#!/bin/sh\n"
			     "# An image of hull's, with all that it needs: run it, or\n"
			     "#   hull image import FILE NAME\n"
			     "command -v hull >/dev/null || {\n"
			     "\techo \"$0: needs hull in PATH\" >&2\n"
			     "\texit 127\n"
			     "}\n"
			     "exec hull image run \"$(realpath \"$0\")\" \"$@\"\n";

static uint64_t padded(uint64_t bytes)
{
	return (bytes + BLOCK - 1) & ~(uint64_t)(BLOCK - 1);
}

/* ---- writing --------------------------------------------------------------------------------- */

static int write_padding(int fd, uint64_t bytes)
{
	static const char zeros[BLOCK];

	return file_write_all(fd, zeros, (size_t)(padded(bytes) - bytes));
}

static int write_tar(struct store *store, const struct store_layer *layer, int fd)
{
	_cleanup_free_ char *chunk = memory_allocate(CHUNK_BYTES);
	uint64_t size = 0, at = 0;
	_cleanup_close_ int tar = store_layer_open(store, &layer->diff_id, &size);
	int r = tar < 0 ? tar : 0;

	while (r >= 0 && at < size) {
		ssize_t n = pread(tar, chunk, CHUNK_BYTES, (off_t)at);

		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		at += (uint64_t)n;
		r = file_write_all(fd, chunk, (size_t)n);
	}
	return r < 0 ? r : write_padding(fd, size);
}

static int write_document(struct store *store, struct json_writer *writer, const char *key,
	const struct digest *digest)
{
	_cleanup_buffer_ struct buffer bytes = { 0 };
	int r = store_blob_read(store, digest, &bytes);

	if (r >= 0)
		json_write_string(writer, key, bytes.data ? bytes.data : "");
	return r;
}

static int compose(struct store *store, struct lock *lock, bool pinned, const char *record,
	uint64_t tars, struct buffer *text)
{
	struct json_writer writer = { .buffer = text };
	_cleanup_buffer_ struct buffer locked = { 0 };
	const struct store_image *image = &lock->image;
	int r;

	lock_write(&locked, lock);
	json_begin_object(&writer, NULL);
	json_write_unsigned(&writer, "tars", tars);
	json_write_bool(&writer, "pinned", pinned);
	json_write_string(&writer, "lock", locked.data);
	r = write_document(store, &writer, "manifest", &image->manifest.digest);
	if (r >= 0)
		r = write_document(store, &writer, "config", &image->config.digest);
	if (r >= 0 && digest_is_set(&image->index.digest))
		r = write_document(store, &writer, "index", &image->index.digest);
	if (record)
		json_write_string(&writer, "record", record);
	json_end_object(&writer);
	return r;
}

static int write_json(int fd, uint64_t offset, const struct buffer *text)
{
	struct digest digest;
	char last[BLOCK] = { 0 };
	int r;

	digest_of(text->data, text->length, &digest);
	(void)snprintf(last, sizeof(last), MAGIC "%llu %zu %s\n", (unsigned long long)offset,
		text->length, DIGEST_SHOW(&digest));
	r = file_write_all(fd, text->data, text->length);
	if (r >= 0)
		r = write_padding(fd, text->length);
	return r < 0 ? r : file_write_all(fd, last, sizeof(last));
}

static int write_parts(struct store *store, struct lock *lock, bool pinned, const char *record,
	const char *path, int fd)
{
	_cleanup_buffer_ struct buffer index = { 0 }, text = { 0 };
	const struct store_image *image = &lock->image;
	uint64_t end;
	int r = index_build_single(store, image->layers, image->layer_count, &index);

	if (r < 0)
		return r;
	memset(index.data, '\n', 1024);
	memcpy(index.data, script, sizeof(script) - 1);
	end = index.length;
	r = compose(store, lock, pinned, record, end, &text);
	if (r < 0)
		return r;
	r = file_write_all(fd, index.data, index.length);
	for (size_t i = 0; i < image->layer_count && r >= 0; i++) {
		r = write_tar(store, &image->layers[i], fd);
		end += padded(image->layers[i].tar_size);
	}
	if (r >= 0)
		r = write_json(fd, end, &text);
	return r < 0 ? error_errno(r, "%s", path) : 0;
}

int single_write(
	struct store *store, struct lock *lock, bool pinned, const char *record, const char *path)
{
	const char *name;
	_cleanup_close_ int folder_fd = scratch_folder(path, &name);
	struct scratch scratch;
	int r;

	if (folder_fd < 0)
		return folder_fd;
	r = scratch_open(folder_fd, &scratch);
	if (r < 0)
		return error_errno(r, "%s", path);
	r = write_parts(store, lock, pinned, record, path, scratch.fd);
	if (r >= 0) {
		r = fchmod(scratch.fd, 0755) < 0 ? -errno
						 : scratch_commit(&scratch, folder_fd, name);
		if (r < 0)
			r = error_errno(r, "%s", path);
	}
	scratch_close(&scratch, folder_fd);
	return r;
}

/* ---- reading --------------------------------------------------------------------------------- */

/* Where the JSON is; false when the file is none of these. */
static bool read_last(int fd, uint64_t *offset, uint64_t *length, struct digest *digest)
{
	char last[BLOCK + 1] = { 0 }, *end;
	struct stat st;

	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size < 4 * (off_t)BLOCK ||
		st.st_size % BLOCK || pread(fd, last, BLOCK, st.st_size - BLOCK) != BLOCK ||
		strncmp(last, MAGIC, sizeof(MAGIC) - 1) != 0)
		return false;
	*offset = strtoull(last + sizeof(MAGIC) - 1, &end, 10);
	*length = strtoull(end, &end, 10);
	end += *end == ' ';
	end[strcspn(end, "\n")] = '\0';
	return digest_parse(end, digest) >= 0 && *length <= JSON_MOST &&
	       *offset <= (uint64_t)st.st_size && *length <= (uint64_t)st.st_size - *offset;
}

bool single_is(const char *path)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	uint64_t offset, length;
	struct digest digest;
	bool is = fd >= 0 && read_last(fd, &offset, &length, &digest);

	error_clear();
	return is;
}

static int read_json(struct single *single, struct buffer *text, uint64_t *offset)
{
	struct digest wanted, found;
	uint64_t length;

	if (!read_last(single->fd, offset, &length, &wanted))
		return error_set(EINVAL, "%s: is no image in one file (hull image export --single)",
			single->path);
	if (pread(single->fd, buffer_reserve(text, length + 1), length, (off_t)*offset) !=
		(ssize_t)length)
		return error_errno(EIO, "%s", single->path);
	text->length = length;
	digest_of(text->data, length, &found);
	return digest_equal(&wanted, &found)
		       ? 0
		       : error_set(EBADMSG,
				 "%s: is damaged: its documents do not have their digest",
				 single->path);
}

static int read_document(const struct json_reader *reader, const struct json *root, const char *key,
	const struct digest *digest, const char **text)
{
	const struct json *node;
	struct digest found;
	int r = json_reader_need(reader, root, key, JSON_STRING, &node);

	if (r < 0)
		return r;
	digest_of(node->text, strlen(node->text), &found);
	*text = node->text;
	return digest_equal(&found, digest)
		       ? 0
		       : error_set(EBADMSG, "%s: the %s does not have the digest %s", reader->name,
				 key, DIGEST_SHOW(digest));
}

static int read_root(struct arena *arena, const struct json *root, struct single *single)
{
	const struct json_reader reader = { arena, single->path };
	const struct json *lock, *pinned, *tars, *record;
	const struct store_image *image = &single->lock.image;
	int r = json_reader_need(&reader, root, "lock", JSON_STRING, &lock);

	if (r >= 0)
		r = json_reader_need(&reader, root, "tars", JSON_NUMBER, &tars);
	if (r >= 0)
		r = json_reader_need(&reader, root, "pinned", JSON_BOOL, &pinned);
	if (r >= 0)
		r = json_reader_find(&reader, root, "record", JSON_STRING, &record);
	if (r >= 0 && json_unsigned(tars, &single->tars) < 0)
		r = json_reader_refuse(&reader, tars, "a whole number");
	if (r >= 0)
		r = lock_parse(
			arena, single->path, lock->text, strlen(lock->text), &single->lock, NULL);
	if (r >= 0)
		r = read_document(
			&reader, root, "manifest", &image->manifest.digest, &single->manifest);
	if (r >= 0)
		r = read_document(&reader, root, "config", &image->config.digest, &single->config);
	if (r >= 0 && digest_is_set(&image->index.digest))
		r = read_document(&reader, root, "index", &image->index.digest, &single->index);
	if (r < 0)
		return r;
	single->pinned = pinned->boolean;
	single->record = record ? record->text : NULL;
	return 0;
}

/* Do the tars fill the room between index and JSON? */
static int check_tars(const struct single *single, uint64_t end)
{
	uint64_t at = single->tars;

	for (size_t i = 0; i < single->lock.image.layer_count && at <= end; i++) {
		uint64_t size = single->lock.image.layers[i].tar_size;

		if (size > end)
			at = UINT64_MAX;
		else
			at += padded(size);
	}
	return at == end ? 0
			 : error_set(EBADMSG,
				   "%s: its layers do not have the size that its lock says",
				   single->path);
}

int single_open(struct arena *arena, const char *path, struct single *single)
{
	_cleanup_buffer_ struct buffer text = { 0 };
	struct json *root;
	uint64_t offset = 0;
	int r;

	*single = (struct single){ .path = path, .fd = open(path, O_RDONLY | O_CLOEXEC) };
	if (single->fd < 0)
		return error_errno(errno, "%s", path);
	r = read_json(single, &text, &offset);
	if (r >= 0)
		r = json_parse(arena, path, text.data, text.length, &root);
	if (r >= 0 && root->type != JSON_OBJECT)
		r = error_set(EINVAL, "%s: must be an object", path);
	if (r >= 0)
		r = read_root(arena, root, single);
	return r < 0 ? r : check_tars(single, offset);
}

void single_close(struct single *single)
{
	file_close(&single->fd);
}

static int import_layer(struct store *store, const struct single *single,
	const struct store_layer *from, uint64_t at)
{
	/* Named by what it is here, the tar: under the compressed one's digest it cannot be checked. */
	struct layer_request request = { .blob = { .digest = from->diff_id,
						 .size = from->tar_size },
		.diff_id = &from->diff_id };
	_cleanup_free_ char *chunk = memory_allocate(CHUNK_BYTES);
	_cleanup_layer_ struct layer *layer = NULL;
	uint64_t came = 0;
	int r;

	while ((r = layer_begin(store, &request, &layer, &came)) == LAYER_BUSY) {
		r = layer_wait(store, &request);
		if (r < 0)
			return r;
	}
	if (r != LAYER_FEED)
		return r < 0 ? r : 0;
	while (r >= 0 && came < from->tar_size) {
		uint64_t left = from->tar_size - came;
		ssize_t n = pread(single->fd, chunk, left < CHUNK_BYTES ? left : CHUNK_BYTES,
			(off_t)(at + came));

		if (n <= 0)
			return error_errno(n < 0 ? errno : EIO, "%s", single->path);
		came += (uint64_t)n;
		r = layer_feed(layer, chunk, (size_t)n);
	}
	return r < 0 ? r : layer_end(&layer, NULL);
}

int single_import(struct store *store, const struct single *single, const char *name)
{
	const char *const documents[] = { single->manifest, single->config, single->index };
	struct store_image image = single->lock.image;
	uint64_t at = single->tars;
	struct digest digest;
	int r = 0;

	for (size_t i = 0; i < image.layer_count && r >= 0; i++) {
		r = import_layer(store, single, &image.layers[i], at);
		at += padded(image.layers[i].tar_size);
	}
	for (size_t i = 0; i < ARRAY_SIZE(documents) && r >= 0; i++)
		if (documents[i])
			r = store_blob_write(
				store, NULL, documents[i], strlen(documents[i]), &digest);
	image.name = name;
	if (r >= 0)
		r = store_image_put(store, &image);
	return r < 0 ? error_context(r, "%s", single->path) : 0;
}
