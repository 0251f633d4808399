/* SPDX-License-Identifier: Apache-2.0 */

/* The v2 driver: one group in the unified hierarchy (cgroup-v2.rst). */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/process.h"
#include "cgroup/controllers_v2.h"
#include "cgroup/device_rules.h"
#include "cgroup/driver.h"
#include "cgroup/resources.h"

/* What every container is accounted for; the others are enabled when a limit needs them. */
#define CONTROLLERS_OF_ALL                                                                         \
	(CONTROLLER_BIT(CONTROLLER_CPU) | CONTROLLER_BIT(CONTROLLER_MEMORY) |                      \
		CONTROLLER_BIT(CONTROLLER_PIDS) | CONTROLLER_BIT(CONTROLLER_BLKIO))

static int v2_check_unused(struct cgroup_place *place)
{
	uint64_t populated = 0, frozen = 0;

	(void)place_read_key(place, "cgroup.events", "populated", &populated);
	(void)place_read_number(place, "cgroup.freeze", &frozen);
	if (frozen)
		return error_set(EBUSY, "container's cgroup unexpectedly frozen: %s/%s",
			place->root, place_group(place));
	if (populated) {
		_cleanup_free_ pid_t *pids = NULL;
		size_t count = 0;

		(void)place_processes(place, &pids, &count);
		return error_set(EBUSY, "container's cgroup is not empty: %s/%s: process %d",
			place->root, place_group(place), count ? pids[0] : 0);
	}
	return 0;
}

int cgroup_v2_create(struct cgroup *cgroup)
{
	struct cgroup_place *place = cgroup->v2;
	int r = place_make(place, NULL);

	if (r >= 0)
		r = place_open(place);
	if (r >= 0 && !place->made)
		r = v2_check_unused(place);
	if (r < 0 && place->made)
		(void)unlinkat(cgroup->mount_fd, place->path, AT_REMOVEDIR);
	return r;
}

static int v2_check_domain(struct cgroup_place *place)
{
	_cleanup_buffer_ struct buffer type = { 0 };

	if (place_read(place, "cgroup.type", &type) < 0 || !strcmp(type.data, "domain\n"))
		return 0;
	return error_set(EOPNOTSUPP,
		"cgroup %s/%s: lies in a threaded subtree, which holds threads but no processes",
		place->root, place_group(place));
}

/*
 * A machine or a parent that cannot give some of these controllers still runs
 * containers; only a limit that needs one insists (cgroup_v2_apply).
 */
static int v2_create(struct cgroup *cgroup)
{
	int r = cgroup_v2_create(cgroup);

	if (r < 0)
		return r;
	if (controllers_enable(cgroup->v2, CONTROLLERS_OF_ALL) < 0) {
		log_debug("%s", error_text(0));
		error_clear();
	}
	/* Threads have no memory of their own: a threaded subtree has no such controller. */
	if (cgroup->v2->controllers & CONTROLLER_BIT(CONTROLLER_MEMORY))
		return 0;
	r = v2_check_domain(cgroup->v2);
	if (r < 0 && cgroup->v2->made)
		(void)unlinkat(cgroup->mount_fd, cgroup->v2->path, AT_REMOVEDIR);
	return r;
}

/*
 * A group that ever was killed by cgroup.kill kills whatever is cloned into it
 * from another one (Linux 5.14 to 6.18 at least: the count of kills is compared
 * with that of the parent's group). What we found may be such a group.
 */
int cgroup_v2_clone_fd(const struct cgroup *cgroup)
{
	if (cgroup->v2->taken || place_open(cgroup->v2) < 0)
		return -1;
	return cgroup->v2->group_fd;
}

int cgroup_v2_enter(const struct cgroup *cgroup, bool by_clone)
{
	return by_clone ? 0 : place_enter(cgroup->v2);
}

/* Only root may attach programs; but the container of a user can make no device either. */
int cgroup_v2_apply_devices(struct cgroup_place *place, const struct config_resources *resources)
{
	int r = devices_bpf_apply(place, resources);

	if ((r != -EPERM && r != -EACCES) || !process_is_rootless())
		return r;
	log_debug("linux.resources.devices: left out, %s", error_text(r));
	error_clear();
	return 0;
}

int cgroup_v2_apply(
	const struct cgroup *cgroup, const struct config_resources *resources, bool update)
{
	struct resource_plan plan = { .v2 = cgroup->v2 };
	uint32_t v1 = cgroup_v1_controllers(cgroup);
	int r = 0;

	if (update)
		return resources_update(cgroup, resources);
	if (!(v1 & CONTROLLER_BIT(CONTROLLER_DEVICES)))
		r = cgroup_v2_apply_devices(cgroup->v2, resources);
	if (r >= 0)
		r = resources_plan_v2(&plan, resources, ~v1);
	if (r >= 0)
		r = resources_write(cgroup, &plan);
	resources_plan_free(&plan);
	return r;
}

/* The kernel tells of changes in cgroup.events by POLLPRI. */
static int v2_wait_frozen(struct cgroup_place *place, bool frozen)
{
	_cleanup_close_ int fd = openat(place->group_fd, "cgroup.events", O_RDONLY | O_CLOEXEC);
	uint64_t end = clock_monotonic() + CGROUP_PATIENCE_SECONDS * 1000000000ull;

	if (fd < 0)
		return -errno;
	for (;;) {
		_cleanup_buffer_ struct buffer events = { 0 };
		struct pollfd change = { .fd = fd, .events = POLLPRI };
		uint64_t now;
		int r;

		if (lseek(fd, 0, SEEK_SET) < 0)
			return -errno;
		r = file_read_fd(fd, &events, 4096);
		if (r < 0)
			return r;
		buffer_text(&events, "");
		if (strstr(events.data, frozen ? "frozen 1" : "frozen 0"))
			return 0;
		now = clock_monotonic();
		if (now >= end)
			return -EBUSY;
		(void)poll(&change, 1, (int)((end - now) / 1000000 + 1));
	}
}

int cgroup_v2_freeze(const struct cgroup *cgroup, bool frozen)
{
	struct cgroup_place *place = cgroup->v2;
	int r = place_write(place, "cgroup.freeze", frozen ? "1" : "0");

	if (r < 0)
		return r;
	r = v2_wait_frozen(place, frozen);
	if (r >= 0)
		return 0;
	if (frozen)
		(void)place_write(place, "cgroup.freeze", "0");
	if (r != -EBUSY)
		return error_errno(
			r, "cgroup %s/%s: state of the freezer", place->root, place_group(place));
	return error_set(EBUSY, "cgroup %s/%s: %s", place->root, place_group(place),
		frozen ? "a process in it cannot be frozen"
		       : "stays frozen, as a group above it is");
}

bool cgroup_v2_is_frozen(const struct cgroup *cgroup)
{
	uint64_t frozen;

	return place_read_number(cgroup->v2, "cgroup.freeze", &frozen) >= 0 && frozen;
}

int cgroup_v2_kill(const struct cgroup *cgroup, int signal)
{
	struct cgroup_place *place = cgroup->v2;
	int r;

	if (signal != SIGKILL)
		return cgroup_signal_each(place, signal);
	r = place_write(place, "cgroup.kill", "1");
	if (r >= 0)
		return 0;
	error_clear();
	/* No such file before Linux 5.14; no such group is no process. */
	return place_has(place, "cgroup.procs") ? cgroup_kill_frozen(cgroup, place) : 0;
}

int cgroup_v2_processes(const struct cgroup *cgroup, pid_t **pids, size_t *count)
{
	return place_processes(cgroup->v2, pids, count);
}

int cgroup_v2_remove(const struct cgroup *cgroup, struct patience *patience)
{
	return place_remove(cgroup->v2, patience);
}

const struct cgroup_driver cgroup_driver_v2 = {
	.name = "v2",
	.create = v2_create,
	.clone_fd = cgroup_v2_clone_fd,
	.enter = cgroup_v2_enter,
	.apply = cgroup_v2_apply,
	.freeze = cgroup_v2_freeze,
	.is_frozen = cgroup_v2_is_frozen,
	.kill = cgroup_v2_kill,
	.processes = cgroup_v2_processes,
	.remove = cgroup_v2_remove,
	.stats = cgroup_v2_stats,
};
