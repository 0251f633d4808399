/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The hybrid driver: a container is in a group of every v1 hierarchy, for their
 * controllers, and in a v2 group, which holds it together: processes start in
 * it, are frozen, killed and counted by it.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/memory.h"
#include "cgroup/driver.h"
#include "cgroup/resources.h"

static int hybrid_create(struct cgroup *cgroup)
{
	int r = cgroup_v2_create(cgroup);

	if (r < 0)
		return r;
	r = cgroup_v1_create(cgroup);
	if (r < 0 && cgroup->v2->made)
		(void)unlinkat(cgroup->mount_fd, cgroup->v2->path, AT_REMOVEDIR);
	return r;
}

static int hybrid_enter(const struct cgroup *cgroup, bool by_clone)
{
	int r = cgroup_v2_enter(cgroup, by_clone);

	return r < 0 ? r : cgroup_v1_enter(cgroup);
}

static int hybrid_apply(
	const struct cgroup *cgroup, const struct config_resources *resources, bool update)
{
	int r;

	if (update)
		return resources_update(cgroup, resources);
	r = cgroup_v1_apply(cgroup, resources, false);
	return r < 0 ? r : cgroup_v2_apply(cgroup, resources, false);
}

static int hybrid_kill(const struct cgroup *cgroup, int signal)
{
	int r = cgroup_v2_kill(cgroup, signal);

	if (r >= 0 && signal == SIGKILL)
		r = cgroup_v1_kill_frozen(cgroup);
	return r;
}

static int hybrid_remove(const struct cgroup *cgroup, struct patience *patience)
{
	int first = cgroup_v2_remove(cgroup, patience);
	_cleanup_free_ char *text = first < 0 ? string_copy(error_text(first)) : NULL;
	int r = cgroup_v1_remove(cgroup, patience);

	if (first >= 0)
		place_remove_parents(cgroup->v2);
	for (size_t i = 0; r >= 0 && i < cgroup->v1_count; i++)
		if (!cgroup->v1[i].controllers)
			place_remove_parents(&cgroup->v1[i]);
	return first < 0 ? error_set(first, "%s", text) : r;
}

static void hybrid_stats(const struct cgroup *cgroup, struct cgroup_stats *stats)
{
	cgroup_v2_stats(cgroup, stats);
	cgroup_v1_stats(cgroup, stats);
}

const struct cgroup_driver cgroup_driver_hybrid = {
	.name = "hybrid",
	.create = hybrid_create,
	.clone_fd = cgroup_v2_clone_fd,
	.enter = hybrid_enter,
	.apply = hybrid_apply,
	.freeze = cgroup_v2_freeze,
	.is_frozen = cgroup_v2_is_frozen,
	.kill = hybrid_kill,
	.processes = cgroup_v2_processes,
	.remove = hybrid_remove,
	.stats = hybrid_stats,
};
