/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_IMAGE_LAYER_H
#define HULL_IMAGE_LAYER_H

/*
 * A layer on its way into the store: compressed bytes are fed in order, and two
 * threads behind the caller inflate, hash, look at the tar's entries and write
 * the tar, so that download and unpacking overlap. What came is kept until the
 * layer is complete: a download that was cut off goes on where it stopped.
 *
 *   struct layer_request request = { .blob = descriptor, .diff_id = &diff_id };
 *   r = layer_begin(store, &request, &layer, &came);
 *   if (r == LAYER_HERE) next one; if (r == LAYER_BUSY) others first, then try again;
 *   ... ask the registry for the bytes from CAME on ...
 *   while (bytes) r = layer_feed(layer, bytes, length);
 *   r = layer_end(&layer, &result)   or   layer_abandon(&layer)
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "image/digest.h"
#include "image/store.h"

struct layer;

struct layer_request {
	/*
	 * Digest and size as the manifest says. Without a digest (an archive that has
	 * none): nothing is kept for resuming and the blob's digest is only reported.
	 */
	struct descriptor blob;
	const struct digest *diff_id; /* NULL: not known, it is reported at the end */
	/* Bytes of the uncompressed tar; 0: no bound but the disk and 1,100 times the blob. */
	uint64_t most_bytes;
	bool keep_blob; /* keep the compressed layer too (blobs/HEX) */
};

enum layer_answer {
	LAYER_FEED, /* bytes are wanted */
	LAYER_HERE, /* in the store, checked when it came; now locked for this process */
	LAYER_BUSY, /* another process is getting this very layer */
};

/*
 * An enum layer_answer, or a negative errno with a message. *CAME is the number
 * of compressed bytes that are here from an earlier try (they are unpacked again
 * behind the caller's back); feed what follows them. LAYER_BUSY: wait only when
 * nothing else is to do, by layer_wait, holding no other layer in the making.
 */
int layer_begin(struct store *store, const struct layer_request *request, struct layer **layer,
	uint64_t *came);

/* Wait until the process that is getting this layer is done with it or dead. */
int layer_wait(struct store *store, const struct layer_request *request);

/*
 * More compressed bytes. Blocks while the threads are far behind. Negative errno
 * with a message as soon as it is known that the layer is bad: end it then with
 * layer_end or layer_abandon.
 */
int layer_feed(struct layer *layer, const void *bytes, size_t length);

/*
 * What was fed was not right (a proxy's HTML page, a server that ignored the
 * offset): forget all that came, also from earlier tries; feed from byte 0.
 */
int layer_restart(struct layer *layer);

struct layer_result {
	struct digest blob, diff_id;
	uint64_t blob_size, tar_size; /* bytes */
	unsigned int entries;
};

/*
 * All came: check the blob's digest and size, the diff id and the tar, and put the
 * layer under its name. Ends the layer in every case. A wrong digest, a bad tar
 * or an entry that leaves the root: negative errno, a message with the layer's
 * digest (and the entry), and nothing of it stays. RESULT may be NULL.
 */
int layer_end(struct layer **layer, struct layer_result *result);

/* Not all came: keep what did for the next try. Ends the layer. */
void layer_abandon(struct layer **layer);

#define _cleanup_layer_ __attribute__((cleanup(layer_abandon)))

/* Is it in the store? Does not lock it. */
bool layer_is_here(struct store *store, const struct digest *diff_id);

#endif
