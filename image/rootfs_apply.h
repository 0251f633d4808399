/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_IMAGE_ROOTFS_APPLY_H
#define HULL_IMAGE_ROOTFS_APPLY_H

/*
 * Changes of a root file system, written into one. The tar is not trusted: nothing in it reaches
 * a file outside, and no link of it or of the root file system is followed. Devices are left out.
 */
#include <stdint.h>

/* Would it be accepted? The tar lies in FD from BEGIN on. Negative errno with a message. */
int rootfs_check(int fd, uint64_t begin, uint64_t size);

/* The same, and write it. What is there under a name is replaced; folders are kept. */
int rootfs_apply(int fd, uint64_t begin, uint64_t size, int root_fd);

/* Take PATH ("/a/b") away, if it is there. Negative errno with a message. */
int rootfs_remove(int root_fd, const char *path);

#endif
