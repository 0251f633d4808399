/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The driver of a container that has no cgroup of its own: its processes stay in
 * that of whoever started it. What it does not ask for, it needs not get; what it
 * does is refused.
 */
#include <errno.h>

#include "base/error.h"
#include "cgroup/driver.h"
#include "cgroup/resources.h"

static int none_create(struct cgroup *cgroup)
{
	(void)cgroup;
	return 0;
}

static int none_clone_fd(const struct cgroup *cgroup)
{
	(void)cgroup;
	return -1;
}

static int none_enter(const struct cgroup *cgroup, bool by_clone)
{
	(void)cgroup;
	(void)by_clone;
	return 0;
}

/* The rules for devices are left out: they keep a container from what it makes itself. */
static int none_apply(
	const struct cgroup *cgroup, const struct config_resources *resources, bool update)
{
	struct resource_plan plan = { .update = update };
	int r = resources_plan_v2(&plan, resources, ~0u);

	(void)cgroup;
	for (size_t i = 0; r >= 0 && i < plan.count; i++)
		if (!plan.items[i].is_default)
			r = error_set(EPERM,
				"linux.resources.%s: cannot be limited, as the container has no "
				"cgroup: none was delegated to this user, or none was wanted",
				plan.items[i].field);
	resources_plan_free(&plan);
	return r;
}

static int none_freeze(const struct cgroup *cgroup, bool frozen)
{
	(void)cgroup;
	(void)frozen;
	return error_set(EOPNOTSUPP, "the container has no cgroup, and without one it can neither "
				     "be paused nor resumed");
}

static bool none_is_frozen(const struct cgroup *cgroup)
{
	(void)cgroup;
	return false;
}

static int none_kill(const struct cgroup *cgroup, int signal)
{
	(void)cgroup;
	(void)signal;
	return 0;
}

static int none_processes(const struct cgroup *cgroup, pid_t **pids, size_t *count)
{
	(void)cgroup;
	(void)pids;
	(void)count;
	return 0;
}

static int none_remove(const struct cgroup *cgroup, struct patience *patience)
{
	(void)cgroup;
	(void)patience;
	return 0;
}

const struct cgroup_driver cgroup_driver_none = {
	.name = "none",
	.create = none_create,
	.clone_fd = none_clone_fd,
	.enter = none_enter,
	.apply = none_apply,
	.freeze = none_freeze,
	.is_frozen = none_is_frozen,
	.kill = none_kill,
	.processes = none_processes,
	.remove = none_remove,
};
