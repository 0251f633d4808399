/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_IMAGE_LOOP_H
#define HULL_IMAGE_LOOP_H

/*
 * A read-only loop device over the file, which goes when its last user does (loop(4)). A
 * descriptor of the device or a negative errno, no message.
 */
int loop_attach(int file_fd);

#endif
