/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_IMAGE_INFLATE_GZIP_H
#define HULL_IMAGE_INFLATE_GZIP_H

#include "image/inflate.h"

/*
 * gzip (RFC 1952), also several members one behind the other; each CRC is checked. GET is
 * asked instead of ENDS->get. As inflate_all.
 */
int inflate_gzip(const struct inflate_ends *ends, long (*get)(void *context, const void **bytes),
	void *context);

#endif
