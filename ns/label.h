/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_NS_LABEL_H
#define HULL_NS_LABEL_H

#include "ns/plan.h"

/*
 * process.apparmorProfile and process.selinuxLabel (config.md "Linux Process"):
 * what the next execve(2) changes to, written through the trusted procfs
 * (CVE-2019-16884, CVE-2025-52881). A label where the kernel has no such module is
 * an error: the caller asked for a confinement that it would not get.
 */
int label_prepare(const struct container_plan *plan);

/* linux.mountLabel is an error too where there is no SELinux; PROC_FD is the host's procfs. */
int label_check_mounts(int proc_fd, const char *label);

#endif
