/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_IMAGE_FOLDER_TAR_H
#define HULL_IMAGE_FOLDER_TAR_H

/*
 * A folder of this machine as a tar: names sorted, owners, times, hard links, devices and
 * xattrs as they are; other file systems mounted in it are left out. PUT takes the bytes.
 */
#include <stdbool.h>
#include <stddef.h>

struct folder_tar {
	const char *path;
	bool plain; /* names without "./" in front, and no entry for the folder itself */
	bool open;  /* without the end of the tar: more follows */
	/*
	 * The upper folder of an overlay: called for what is gone of the folders below it, and for a
	 * folder that stands for itself (OPAQUE), whose own contents follow. NULL: any folder.
	 */
	int (*removed)(void *context, const char *path, bool opaque);
	int (*put)(void *context, const void *bytes, size_t length);
	void *context;
};

int folder_tar_write(const struct folder_tar *wanted);

/* The plainest: all of the folder, with an entry "./". Negative errno with a message, or what PUT returned below 0. */
int folder_tar(const char *path, int (*put)(void *context, const void *bytes, size_t length),
	void *context);

#endif
