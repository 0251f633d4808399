/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_RUNTIME_STATS_TENANT_H
#define HULL_RUNTIME_STATS_TENANT_H

/* The level of groups that a tenant's containers are in: inside of sample.h. */
#include "cgroup/share_tree.h"
#include "runtime/stats/measure.h"

struct stats_level;

/*
 * The level above the group that SAVED (of state.json) names, for one more container; the
 * first one begins to measure it. NULL: it is in none, or that cannot be read.
 */
struct stats_level *stats_level_enter(
	struct stats_level **levels, const char *saved, struct kept_files *kept);
void stats_level_leave(
	struct stats_level **levels, struct stats_level *level, struct kept_files *kept);
void stats_levels_read(struct stats_level *levels, struct kept_files *kept);

/*
 * Add a container of the level to the tenant's row: its wait, and with the first one what the
 * level itself has used and was entitled to. NODE is the container's.
 */
void stats_level_add(struct stats_level *level, struct stats_row *row,
	const struct measure *container, const struct share_node *node, double interval);

#endif
