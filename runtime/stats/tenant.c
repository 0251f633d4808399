/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/stats/tenant.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "cgroup/tenant.h"

struct stats_level {
	struct stats_level *next;
	char *saved;
	size_t containers, added; /* added: to the row of this sample */
	struct measure group;
};

struct stats_level *stats_level_enter(
	struct stats_level **levels, const char *saved, struct kept_files *kept)
{
	_cleanup_free_ char *name = cgroup_tenant_level(saved);
	struct stats_level *level;

	if (!name)
		return NULL;
	for (level = *levels; level; level = level->next)
		if (!strcmp(level->saved, name))
			break;
	if (level) {
		level->containers++;
		return level;
	}
	level = memory_allocate_zero(sizeof(*level));
	if (measure_open(&level->group, "tenant", name, false, kept) < 0) {
		error_clear();
		free(level);
		return NULL;
	}
	level->saved = TAKE_PTR(name);
	level->containers = 1;
	level->next = *levels;
	*levels = level;
	return level;
}

void stats_level_leave(
	struct stats_level **levels, struct stats_level *level, struct kept_files *kept)
{
	struct stats_level **at = levels;

	if (!level || --level->containers)
		return;
	while (*at != level)
		at = &(*at)->next;
	*at = level->next;
	measure_close(&level->group, kept);
	free(level->saved);
	free(level);
}

void stats_levels_read(struct stats_level *levels, struct kept_files *kept)
{
	for (struct stats_level *level = levels; level; level = level->next) {
		/* One that is gone is dropped with its last container. */
		(void)measure_read(&level->group, true, kept);
		level->added = 0;
	}
}

void stats_level_add(struct stats_level *level, struct stats_row *row,
	const struct measure *container, const struct share_node *node, double interval)
{
	const struct share_node *above = node ? share_node_above(node) : NULL;
	struct measure wait = { .meter = container->meter, .readings = container->readings };
	struct measure rest = level->group;

	if (!level->added++) {
		rest.total.wait = rest.between.wait = 0;
		stats_row_add(row, &rest, interval);
		if (above && rest.readings > 1) {
			row->entitled = stats_sum(row->entitled, share_node_entitled(above));
			row->deficit = stats_sum(row->deficit, share_node_deficit(above));
		}
	}
	wait.total.wait = container->total.wait;
	wait.total.threads = container->total.threads;
	wait.total.source = container->total.source;
	wait.between.time = container->between.time;
	wait.between.wait = container->between.wait;
	wait.between.source = container->between.source;
	wait.footprint = (struct footprint){ FOOTPRINT_UNKNOWN, row->footprint.memory_limit,
		FOOTPRINT_UNKNOWN, row->footprint.pids_limit, FOOTPRINT_UNKNOWN,
		FOOTPRINT_UNKNOWN };
	wait.before = wait.footprint;
	stats_row_add(row, &wait, interval);
}
