/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_CHECKPOINT_CRIU_FILES_H
#define HULL_CHECKPOINT_CRIU_FILES_H

#include "base/buffer.h"

/*
 * CRIU refuses to restore an open file when another is given in its place that has not the same
 * type and size, also where the file is external: a log that grows, a pipe where /dev/null was. In
 * the images' files.img external files lose what they are compared by, and their position. 0 or a negative errno with a
 * message.
 */
int criu_files_loosen(int images_fd);

/* The same for the bytes of the file: 1, and CHANGED is filled; 0 when nothing changes; -EBADMSG. */
int criu_files_loosen_bytes(const void *bytes, size_t length, struct buffer *changed);

#endif
