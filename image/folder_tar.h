/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_IMAGE_FOLDER_TAR_H
#define HULL_IMAGE_FOLDER_TAR_H

/*
 * A folder of this machine as a tar: names sorted, owners, times, hard links, devices and
 * xattrs as they are; other file systems mounted in it are left out. PUT takes the bytes.
 */
#include <stddef.h>

/* Negative errno with a message, or what PUT returned below 0. */
int folder_tar(const char *path, int (*put)(void *context, const void *bytes, size_t length),
	void *context);

#endif
