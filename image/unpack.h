/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_IMAGE_UNPACK_H
#define HULL_IMAGE_UNPACK_H

/*
 * The two threads that make a tar of a compressed layer while it is downloaded: one
 * inflates; one hashes the tar, reads its headers, and writes it to a file.
 */
#include <stdint.h>

#include "base/buffer.h"
#include "image/digest.h"

struct unpack;

struct unpack_request {
	int tar_fd;	     /* written from its beginning */
	uint64_t most_bytes; /* of the tar */
	int replay_fd;	     /* REPLAY bytes of this file come first; -1 without */
	uint64_t replay;
};

struct unpack_result {
	struct digest diff_id;
	uint64_t tar_size;
	unsigned int entries;
	struct buffer table; /* image/layer_table.h; the caller's now */
};

/* Never fails but for want of threads: negative errno with a message. */
int unpack_begin(const struct unpack_request *request, struct unpack **unpack);

/*
 * Compressed bytes behind those of the replay. Negative errno, with a message, when
 * the threads have failed.
 */
int unpack_feed(struct unpack *unpack, const void *bytes, size_t length);

/*
 * Wait until the replay is read, and take the hash of its bytes so far: the compressed
 * layer's, to be gone on with. Negative errno with a message when reading failed.
 */
int unpack_replayed(struct unpack *unpack, struct digest_stream **blob);

/* All came: wait for the threads. Frees UNPACK. Negative errno with a message. */
int unpack_end(struct unpack **unpack, struct unpack_result *result);

/* Stop them. */
void unpack_cancel(struct unpack **unpack);

#endif
