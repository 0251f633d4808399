/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_IMAGE_INFLATE_H
#define HULL_IMAGE_INFLATE_H

/*
 * Decompression of a stream: gzip (by ISA-L where hull was built with it, else by
 * zlib), zstd, or plain; known by its first bytes, whatever a manifest calls it.
 */
#include <stddef.h>

struct inflate;

/*
 * Where bytes come from and go to. GET gives the next piece (its length, 0 at the
 * end, negative errno); what it gives is valid until the next call. PUT takes LENGTH bytes
 * that the inflater wrote to what ROOM gave.
 */
struct inflate_ends {
	long (*get)(void *context, const void **bytes);
	char *(*room)(void *context, size_t *size);
	int (*put)(void *context, size_t length);
	void *context;
};

/* All of the stream. Negative errno with a message: -EBADMSG for what is damaged or cut off. */
int inflate_all(const struct inflate_ends *ends);

#endif
