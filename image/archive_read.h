/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_IMAGE_ARCHIVE_READ_H
#define HULL_IMAGE_ARCHIVE_READ_H

/* oci-archive and docker-archive: which file lies where in the tar, which stays packed. */
#include <stdint.h>

#include "base/memory.h"

#include "image/tar.h"

struct archive;

/* A tar as a file, which is decompressed if it is compressed: a descriptor, or with a message. */
int archive_open_plain(const char *path);

/*
 * Call ENTRY for each header of the tar that lies in FD from BEGIN on, SIZE bytes; offsets of
 * entries count from BEGIN. Negative errno with a message, or what ENTRY returned.
 */
int archive_each(int fd, uint64_t begin, uint64_t size,
	int (*entry)(void *context, const struct tar_entry *entry), void *context);

/* Read the headers of all entries. Negative errno with a message; a compressed tar is unpacked
 * into a nameless file first. */
int archive_open(struct arena *arena, const char *path, struct archive **archive);
void archive_close(struct archive **archive);

/*
 * A descriptor of its own, where in it the file PATH begins, and its bytes; links are followed.
 * -ENOENT, no message.
 */
int archive_find(
	struct archive *archive, const char *path, int *fd, uint64_t *offset, uint64_t *size);

/* All of the file FROM, decompressed if it is compressed, behind what TO has. With a message. */
int archive_inflate(int from, int to);

#endif
