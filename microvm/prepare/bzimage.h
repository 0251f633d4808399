/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_MICROVM_PREPARE_BZIMAGE_H
#define HULL_MICROVM_PREPARE_BZIMAGE_H

/*
 * The kernel as distributions install it (Documentation/arch/x86/boot.rst): a loader
 * with the ELF kernel compressed inside. The program that decompresses it is the
 * system's own gzip, xz, zstd, lz4, bzip2 or lzma.
 */
#include <stdbool.h>
#include <stddef.h>

struct bzimage {
	const char *payload;
	size_t payload_bytes;
	const char *decompressor; /* the program's name */
	const char *version;	  /* "6.12.0-amd64 (builder) ..." */
};

/* -EINVAL with a message: damaged, or compressed in an unknown way. NAME is for messages. */
int bzimage_parse(const char *name, const char *bytes, size_t length, struct bzimage *image);

/* Write the ELF kernel to FD. 0 or a negative errno with a message. */
int bzimage_extract(const char *name, const struct bzimage *image, int fd);

#endif
