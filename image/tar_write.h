/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_IMAGE_TAR_WRITE_H
#define HULL_IMAGE_TAR_WRITE_H

/*
 * Headers of a tar: ustar, with pax records (POSIX.1-2017, pax) where ustar is too
 * small: long names, large numbers, xattrs as SCHILY.xattr, fractions of seconds.
 */
#include "base/buffer.h"
#include "image/tar.h"

/* Add the header blocks of an entry; its contents and tar_padding() zeros follow. */
void tar_write_header(struct buffer *buffer, const struct tar_entry *entry);

/* How many zeros fill the last block of SIZE bytes. */
static inline size_t tar_padding(uint64_t size)
{
	return (size_t)(-size & (TAR_BLOCK - 1));
}

#endif
