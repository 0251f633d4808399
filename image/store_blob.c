/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "image/draft.h"
#include "image/store_folder.h"

bool store_blob_has(struct store *store, const struct digest *digest)
{
	return faccessat(store_folder(store, STORE_BLOBS), digest->hex, F_OK, 0) == 0;
}

int store_blob_open(struct store *store, const struct digest *digest, uint64_t *size)
{
	_cleanup_close_ int fd =
		openat(store_folder(store, STORE_BLOBS), digest->hex, O_RDONLY | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	*size = (uint64_t)st.st_size;
	return TAKE_FD(fd);
}

int store_blob_read(struct store *store, const struct digest *digest, struct buffer *buffer)
{
	struct digest found;
	size_t before = buffer->length;
	int r = digest_is_set(digest) ? file_read_at(store_folder(store, STORE_BLOBS), digest->hex,
						buffer, STORE_BLOB_MOST)
				      : -ENOENT;

	if (r < 0)
		return error_errno(r, "blob %s in %s", DIGEST_SHOW(digest), store_path(store));
	digest_of(buffer->data + before, buffer->length - before, &found);
	if (digest_equal(digest, &found))
		return 0;
	buffer->length = before;
	return error_set(EBADMSG,
		"blob %s in %s is damaged: it has the digest %s (try: hull image check --repair)",
		DIGEST_SHOW(digest), store_path(store), DIGEST_SHOW(&found));
}

/* Held until the store is closed, so that nobody takes it away before an image has a name. */
static int write_held(struct store *store, const char *name, const void *bytes, size_t length)
{
	for (;;) {
		int fd = store_open_locked(store, STORE_BLOBS, name, O_RDONLY, LOCK_SH), r;

		if (fd >= 0) {
			(void)futimens(fd, NULL); /* prune goes by age */
			store_hold(store, fd);
			return 0;
		}
		if (fd != -ENOENT)
			return error_errno(fd, "blob %s in %s", name, store_path(store));
		r = draft_write(
			store, store_folder(store, STORE_BLOBS), name, false, bytes, length);
		if (r < 0)
			return r;
	}
}

int store_blob_write(struct store *store, const struct descriptor *wanted, const void *bytes,
	size_t length, struct digest *digest)
{
	struct digest found;

	digest_of(bytes, length, &found);
	if (digest)
		*digest = found;
	if (length > STORE_BLOB_MOST)
		return error_set(EFBIG, "blob %s: has %zu bytes, more than the %u that are allowed",
			DIGEST_SHOW(&found), length, STORE_BLOB_MOST);
	if (wanted && wanted->size != length)
		return error_set(EBADMSG, "blob %s: has %zu bytes, must have %llu",
			DIGEST_SHOW(&wanted->digest), length, (unsigned long long)wanted->size);
	if (wanted && !digest_equal(&wanted->digest, &found))
		return error_set(EBADMSG, "blob %s: what came has the digest %s",
			DIGEST_SHOW(&wanted->digest), DIGEST_SHOW(&found));
	return write_held(store, found.hex, bytes, length);
}
