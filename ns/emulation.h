/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_NS_EMULATION_H
#define HULL_NS_EMULATION_H

#include "ns/plan.h"

/*
 * In the container's process, with its mounts in place and the host's root still in sight: give
 * plan->emulators to the container's user namespace (binfmt_misc, Linux 6.7), in an instance that
 * lives as long as its mount on /proc/sys/fs/binfmt_misc. An older kernel has one instance for the
 * whole machine: there it is enough when that has what is wanted. 0 or an error with a message.
 */
int emulation_set_up(const struct container_plan *plan);

#endif
