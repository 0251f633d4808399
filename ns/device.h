/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_NS_DEVICE_H
#define HULL_NS_DEVICE_H

#include "ns/plan.h"

/*
 * The container's /dev (config-linux.md "Default Devices", "Devices", "Default
 * Filesystems"): device nodes made by mknod(2), or, in a user namespace, which
 * may not, bind mounts of the host's nodes; and the usual links. Does nothing when
 * /dev is a bind mount: then it is somebody else's folder.
 */
int device_all(const struct container_plan *plan);

/*
 * The host's /dev/null, checked to be the null device (CVE-2025-31133: the
 * image's own is not to be trusted). A descriptor (O_PATH) or an error.
 */
int device_open_null(void);

#endif
