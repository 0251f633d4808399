/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_CGROUP_CONSERVATION_H
#define HULL_CGROUP_CONSERVATION_H

/*
 * Limits of a config.json that are valid and still may not be what was meant: because
 * they leave CPUs idle that a weight would have given away, or because a weight loses its
 * proportion on the way to the kernel. docs/fair-sharing.md.
 */
#include "base/buffer.h"
#include "spec/config.h"

/*
 * Append a line for each, which begins with the path of what it is about. CPUS is how many
 * the machine has. Pure.
 */
void conservation_check(
	const struct config_resources *resources, unsigned int cpus, struct buffer *lines);

#endif
