/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_NS_MOUNT_TARGET_H
#define HULL_NS_MOUNT_TARGET_H

#include "ns/mount_option.h"
#include "spec/config.h"

/*
 * Where a mount goes: its destination below ROOT_FD, made where it is missing, as a
 * folder or as a file, whichever SOURCE_FD (-1: a new file system) is. A descriptor
 * (O_PATH) or a negative errno with a message.
 */
int mount_target_open(int root_fd, const struct config_mount *mount,
	const struct mount_options *options, int source_fd);

/* True of file systems of this type whose target must be a folder that no link leads to. */
bool mount_target_must_be_real(const char *type);

#endif
