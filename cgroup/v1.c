/* SPDX-License-Identifier: Apache-2.0 */

/* The v1 driver: a group in each hierarchy, all with the same path. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "cgroup/device_rules.h"
#include "cgroup/driver.h"
#include "cgroup/resources.h"

static bool file_is_empty(int fd, const char *file)
{
	_cleanup_buffer_ struct buffer text = { 0 };

	return file_read_at(fd, file, &text, 65536) >= 0 && (!text.data || text.data[0] == '\n');
}

static int file_copy_text(int from_fd, int to_fd, const char *file)
{
	_cleanup_buffer_ struct buffer text = { 0 };
	int r = file_read_at(from_fd, file, &text, 65536);

	return r < 0 ? r : file_write_at(to_fd, file, text.data ? text.data : "\n");
}

/*
 * A new cpuset has no CPUs and no memory nodes, and nothing can enter it until
 * it has. Groups that are made above the container's hand theirs down by
 * themselves from then on (clone_children), which spares later starts four files.
 */
static int cpuset_inherit(int parent_fd, int fd)
{
	int r = 0;

	if (file_is_empty(fd, "cpuset.cpus"))
		r = file_copy_text(parent_fd, fd, "cpuset.cpus");
	if (r >= 0 && file_is_empty(fd, "cpuset.mems"))
		r = file_copy_text(parent_fd, fd, "cpuset.mems");
	return r;
}

static int cpuset_prepare(struct cgroup_place *place, int parent_fd, int fd, bool made)
{
	int r = 0;

	if (!(place->controllers & CONTROLLER_BIT(CONTROLLER_CPUSET)))
		return 0;
	if (made)
		r = file_write_at(fd, "cgroup.clone_children", "1");
	return r < 0 ? r : cpuset_inherit(parent_fd, fd);
}

static int cpuset_prepare_group(struct cgroup_place *place)
{
	_cleanup_close_ int parent_fd = -EBADF;
	int r;

	if (!(place->controllers & CONTROLLER_BIT(CONTROLLER_CPUSET)))
		return 0;
	r = place_open(place);
	if (r < 0 || !file_is_empty(place->group_fd, "cpuset.cpus"))
		return r;
	/* An engine may have made the groups above and left them empty. */
	r = place_make_parents(place, cpuset_prepare);
	parent_fd = r < 0 ? r : place_open_parent(place);
	r = parent_fd < 0 ? parent_fd : cpuset_inherit(parent_fd, place->group_fd);
	if (r < 0)
		return error_errno(r, "cgroup %s/%s: inherit CPUs and memory nodes", place->root,
			place_group(place));
	return 0;
}

/* A group that was there may be taken over when nothing lives in it. */
static int v1_check_unused(struct cgroup_place *place)
{
	_cleanup_free_ pid_t *pids = NULL;
	_cleanup_buffer_ struct buffer state = { 0 };
	size_t count = 0;
	int r = place_processes(place, &pids, &count);

	if (r < 0)
		return r;
	if (count)
		return error_set(EBUSY, "container's cgroup is not empty: %s/%s: process %d",
			place->root, place_group(place), pids[0]);
	if (place->controllers & CONTROLLER_BIT(CONTROLLER_FREEZER) &&
		place_read(place, "freezer.state", &state) >= 0 && strcmp(state.data, "THAWED\n"))
		return error_set(EBUSY, "container's cgroup unexpectedly frozen: %s/%s",
			place->root, place_group(place));
	return 0;
}

static int v1_create_place(struct cgroup_place *place)
{
	int r = place_make(place, cpuset_prepare);

	if (r >= 0 && !place->made)
		r = v1_check_unused(place);
	if (r >= 0)
		r = cpuset_prepare_group(place);
	return r < 0 ? r : place_open_entry(place);
}

int cgroup_v1_create(struct cgroup *cgroup)
{
	for (size_t i = 0; i < cgroup->v1_count; i++) {
		int r = v1_create_place(&cgroup->v1[i]);
		struct patience patience;

		if (r >= 0)
			continue;
		patience_begin(&patience);
		for (size_t made = 0; made <= i; made++)
			if (cgroup->v1[made].made)
				(void)unlinkat(
					cgroup->mount_fd, cgroup->v1[made].path, AT_REMOVEDIR);
		return r;
	}
	return 0;
}

static int v1_clone_fd(const struct cgroup *cgroup)
{
	(void)cgroup;
	return -1;
}

int cgroup_v1_enter(const struct cgroup *cgroup)
{
	for (size_t i = 0; i < cgroup->v1_count; i++) {
		int r = place_enter(&cgroup->v1[i]);

		if (r < 0)
			return r;
	}
	return 0;
}

static int v1_enter(const struct cgroup *cgroup, bool by_clone)
{
	(void)by_clone;
	return cgroup_v1_enter(cgroup);
}

static struct cgroup_place *v1_freezer(const struct cgroup *cgroup)
{
	return cgroup_v1_place(cgroup, CONTROLLER_FREEZER);
}

/*
 * A process that forks or is traced while the group freezes can leave it in
 * FREEZING for good: the state is written again, and now and then the group is
 * thawed in between so that such a process gets on.
 */
static int v1_freeze(const struct cgroup *cgroup, bool frozen)
{
	struct cgroup_place *place = v1_freezer(cgroup);
	const char *wanted = frozen ? "FROZEN" : "THAWED";
	struct patience patience;

	if (!place)
		return error_set(EOPNOTSUPP, "this machine has no freezer controller");
	patience_begin(&patience);
	for (unsigned int round = 1;; round++) {
		_cleanup_buffer_ struct buffer state = { 0 };
		int r = place_write(place, "freezer.state", wanted);

		if (r < 0)
			return r;
		r = place_read(place, "freezer.state", &state);
		if (r < 0)
			return error_errno(r, "cgroup %s/%s: state of the freezer", place->root,
				place_group(place));
		if (!strncmp(state.data, wanted, strlen(wanted)))
			return 0;
		if (!patience_wait(&patience))
			break;
		if (frozen && round % 8 == 0)
			(void)place_write(place, "freezer.state", "THAWED");
	}
	if (frozen)
		(void)place_write(place, "freezer.state", "THAWED");
	return error_set(EBUSY, "cgroup %s/%s: %s", place->root, place_group(place),
		frozen ? "a process in it cannot be frozen"
		       : "stays frozen, as a group above it is");
}

static bool v1_is_frozen(const struct cgroup *cgroup)
{
	struct cgroup_place *place = v1_freezer(cgroup);
	uint64_t frozen;

	return place && place_read_number(place, "freezer.self_freezing", &frozen) >= 0 && frozen;
}

/*
 * v1's freezer holds even the killed, and a container may have used it on
 * groups of its own.
 */
void cgroup_v1_thaw_all(const struct cgroup *cgroup)
{
	if (v1_freezer(cgroup))
		place_write_all(v1_freezer(cgroup), "freezer.state", "THAWED");
}

int cgroup_v1_kill_frozen(const struct cgroup *cgroup)
{
	struct cgroup_place *freezer = v1_freezer(cgroup);
	int r = freezer ? cgroup_signal_each(freezer, SIGKILL) : 0;

	cgroup_v1_thaw_all(cgroup);
	return r;
}

/* Whatever hierarchy: the container's processes never leave its groups in any. */
static struct cgroup_place *v1_members(const struct cgroup *cgroup)
{
	struct cgroup_place *freezer = v1_freezer(cgroup);

	return freezer ? freezer : &cgroup->v1[0];
}

static int v1_kill(const struct cgroup *cgroup, int signal)
{
	struct cgroup_place *place = v1_members(cgroup);
	int r;

	r = signal == SIGKILL ? cgroup_kill_frozen(cgroup, place)
			      : cgroup_signal_each(place, signal);
	if (r >= 0 && signal == SIGKILL)
		cgroup_v1_thaw_all(cgroup);
	return r;
}

static int v1_processes(const struct cgroup *cgroup, pid_t **pids, size_t *count)
{
	return place_processes(v1_members(cgroup), pids, count);
}

static int v1_remove_place(struct cgroup_place *place, struct patience *patience)
{
	bool realtime =
		place->controllers & CONTROLLER_BIT(CONTROLLER_CPU) && realtime_is_given(place);
	int r;

	if (realtime)
		realtime_drop(place);
	r = place_remove(place, patience);
	/* Without the drop, the kernel counts the budget until it has forgotten the group. */
	while (realtime && r >= 0 && realtime_give_back(place) < 0 && patience_wait(patience))
		;
	return r;
}

/* All hierarchies, even if one fails; the first failure is told. */
int cgroup_v1_remove(const struct cgroup *cgroup, struct patience *patience)
{
	_cleanup_free_ char *text = NULL;
	int first = 0;

	for (size_t i = 0; i < cgroup->v1_count; i++) {
		int r = v1_remove_place(&cgroup->v1[i], patience);

		if (r < 0 && first >= 0) {
			first = r;
			text = string_copy(error_text(r));
		}
	}
	return first < 0 ? error_set(first, "%s", text) : 0;
}

/* Without any device controller only a container that may use everything can be had. */
static int v1_check_no_devices(const struct config_resources *resources)
{
	struct device_rules rules;
	int r = device_rules_make(&rules, resources);

	if (r >= 0 && !(rules.allow && !rules.count))
		r = error_set(EOPNOTSUPP,
			"linux.resources.devices: this machine has no devices controller");
	device_rules_free(&rules);
	return r;
}

static int v1_apply_devices(const struct cgroup *cgroup, const struct config_resources *resources)
{
	struct cgroup_place *devices = cgroup_v1_place(cgroup, CONTROLLER_DEVICES);

	if (devices)
		return devices_v1_apply(devices, resources, false);
	return cgroup->v2 ? 0 : v1_check_no_devices(resources);
}

int cgroup_v1_apply(
	const struct cgroup *cgroup, const struct config_resources *resources, bool update)
{
	/* With a v2 hierarchy beside v1, it answers for the controllers that v1 does not have. */
	uint32_t mask = cgroup->v2 ? cgroup_v1_controllers(cgroup) : ~0u;
	struct resource_plan plan = { .v2 = cgroup->v2 };
	int r;

	if (update)
		return resources_update(cgroup, resources);
	r = v1_apply_devices(cgroup, resources);
	if (r >= 0)
		r = resources_plan_v1(&plan, resources, mask);
	if (r >= 0)
		r = resources_write(cgroup, &plan);
	resources_plan_free(&plan);
	return r;
}

const struct cgroup_driver cgroup_driver_v1 = {
	.name = "v1",
	.create = cgroup_v1_create,
	.clone_fd = v1_clone_fd,
	.enter = v1_enter,
	.apply = cgroup_v1_apply,
	.freeze = v1_freeze,
	.is_frozen = v1_is_frozen,
	.kill = v1_kill,
	.processes = v1_processes,
	.remove = cgroup_v1_remove,
	.stats = cgroup_v1_stats,
};
