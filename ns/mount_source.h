/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_NS_MOUNT_SOURCE_H
#define HULL_NS_MOUNT_SOURCE_H

#include "spec/config.h"

/*
 * In the runtime, which can reach every source: clone the source of every bind
 * mount, with all its attributes set. FDS gets one descriptor a mount, -1 where
 * there is no source. 0 or an error with a message; the caller closes what was
 * opened, also then. PROC_FD is the host's procfs. Messages start with "mounts[".
 */
int mount_sources_open(const struct config *config, int bundle_fd, int proc_fd, int *fds);

#endif
