/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_NS_MOUNT_SYMLINK_H
#define HULL_NS_MOUNT_SYMLINK_H

#include <stdbool.h>

/*
 * The mount option "copy-symlink" of crun: a source that is a symbolic link is not
 * mounted; a link with the same target is made at the destination.
 */

/* The source as a link (O_PATH), or a negative errno when it is none. */
int mount_symlink_open(int folder_fd, const char *source);
bool mount_symlink_is(int source_fd);

/* Make it below ROOT_FD; one that is there already and says the same is fine. */
int mount_symlink_copy(int root_fd, const char *destination, int source_fd);

#endif
