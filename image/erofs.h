/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_IMAGE_EROFS_H
#define HULL_IMAGE_EROFS_H

/*
 * A tree as an EROFS file system (Linux: Documentation/filesystems/erofs.rst,
 * fs/erofs/erofs_fs.h) without contents: a file's chunks are on the extra
 * devices, which are the layers' tars, in blocks of 512 bytes. The same tree gives
 * the same bytes, always.
 */
#include "base/buffer.h"
#include "image/digest.h"
#include "image/tree.h"

/* A device: its tag (the diff id's digits) and size in bytes. */
struct erofs_device {
	struct digest tag;
	uint64_t size;
};

/*
 * DEVICES[layer] has the content of files of that layer. BEHIND: they are no devices of their
 * own but stand behind the index in one file, each padded to a block. -EBADMSG with a message: a
 * file that EROFS cannot map.
 */
int erofs_write(struct tree *tree, const struct erofs_device *devices, size_t count, bool behind,
	struct buffer *image);

/* The tags of an index; their number, at most MOST, or -EBADMSG without a message. */
int erofs_read_tags(int fd, struct digest *tags, size_t most);

#endif
