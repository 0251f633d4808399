/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_IMAGE_PROCESSORS_H
#define HULL_IMAGE_PROCESSORS_H

#include "base/memory.h"

/*
 * Let this process and all that it starts run on COUNT processors, neighbours of those
 * that it may run on now; which ones differs from process to process, so that many
 * containers do not share the first. *LIST is theirs as a cgroup takes it: "4-5".
 * -EINVAL with a message when there are fewer.
 */
int processors_choose(struct arena *arena, unsigned int count, const char **list);

#endif
