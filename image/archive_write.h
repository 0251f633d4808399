/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_IMAGE_ARCHIVE_WRITE_H
#define HULL_IMAGE_ARCHIVE_WRITE_H

/* oci-archive and docker-archive: tars of a few plain files, the same bytes each time. */
#include <stdint.h>

#include "base/buffer.h"

struct archive_file {
	const char *path;
	int fd; /* -1: BYTES it is */
	const void *bytes;
	uint64_t size;
};

/* Write the tar PATH ("-": to stdout) whole or not at all. Negative errno with a message. */
int archive_write(const char *path, const struct archive_file *files, size_t count);

#endif
