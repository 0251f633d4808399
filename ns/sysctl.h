/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_NS_SYSCTL_H
#define HULL_NS_SYSCTL_H

#include "ns/plan.h"

/*
 * `linux.sysctl` (config-linux.md "Sysctl"), written through the trusted procfs
 * from inside the container's namespaces: which values those are, the kernel
 * derives from the writer, so no procfs of the image is involved (CVE-2025-52881).
 */
int sysctl_all(const struct container_plan *plan);

/* The host and domain name (config.md "Hostname"). */
int sysctl_names(const struct container_plan *plan);

#endif
