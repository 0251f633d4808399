/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_IMAGE_DEFLATE_H
#define HULL_IMAGE_DEFLATE_H

/* gzip, the same bytes for the same input: no time, no name, zlib's level 6 everywhere. */
#include "image/digest.h"

/* Compress SIZE bytes of FROM to the end of TO, and say what came out. Negative errno, a message. */
int deflate_file(int from, uint64_t size, int to, struct descriptor *out);

#endif
