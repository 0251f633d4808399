/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The systemd driver. systemd makes the container's group as that of a unit, with
 * the first process in it, and removes it; everything between is done in that very
 * group by the driver of the machine's hierarchies. On v1, systemd has groups only in
 * some hierarchies: hull makes them, in all, before.
 *
 * A unit is started with a process in it. So the first process is made, and waits at a
 * gate: a pipe that is read by it and written to once its unit runs and its limits hold.
 */
#include "cgroup/systemd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "base/memory.h"
#include "cgroup/driver.h"
#include "cgroup/tenant.h"

#define KIND_SYSTEM "systemd"
#define KIND_USER   "systemd-user"

/* ---- whose systemd, which unit --------------------------------------------------------------- */

/*
 * Root has the system's systemd and a user his own. Engines run as root of a user
 * namespace for a user: then the first id of the namespace is somebody else's and
 * there is a bus of his; otherwise a whole system runs in that namespace.
 */
static bool unit_is_users(void)
{
	_cleanup_buffer_ struct buffer map = { 0 };
	_cleanup_free_ char *path = NULL;
	const char *runtime = getenv("XDG_RUNTIME_DIR");
	unsigned long inside, outside;

	if (geteuid())
		return true;
	if (file_read_at(AT_FDCWD, "/proc/self/uid_map", &map, 4096) < 0 || !map.data ||
		sscanf(map.data, "%lu %lu", &inside, &outside) != 2 || inside || !outside)
		return false;
	if (getenv("DBUS_SESSION_BUS_ADDRESS"))
		return true;
	path = string_format("%s/bus", runtime ? runtime : "");
	return runtime && access(path, F_OK) == 0;
}

static struct systemd_unit *unit_new(bool user)
{
	struct systemd_unit *unit = memory_allocate_zero(sizeof(*unit));

	unit->user = user;
	unit->gate[0] = unit->gate[1] = -EBADF;
	return unit;
}

void systemd_unit_free(struct systemd_unit *unit)
{
	if (!unit)
		return;
	dbus_close(&unit->bus);
	file_close(&unit->gate[0]);
	file_close(&unit->gate[1]);
	systemd_properties_free(&unit->annotations);
	free(unit->name);
	free(unit->slice);
	free(unit);
}

const char *systemd_unit_kind(const struct systemd_unit *unit)
{
	return unit->user ? KIND_USER : KIND_SYSTEM;
}

struct systemd_unit *systemd_unit_of(const char *saved)
{
	bool user = !strncmp(saved, KIND_USER ":", sizeof(KIND_USER));
	struct systemd_unit *unit;

	if (!user && strncmp(saved, KIND_SYSTEM ":", sizeof(KIND_SYSTEM)) != 0)
		return NULL;
	unit = unit_new(user);
	unit->name = string_copy(systemd_name_of_group(saved));
	return unit;
}

int systemd_unit_plan(struct systemd_unit **planned, const char *id, const char *cgroups_path,
	const struct string_map *annotations, char **group)
{
	struct systemd_unit *unit = *planned = unit_new(unit_is_users());
	_cleanup_free_ char *above = NULL, *below = NULL;
	int r = systemd_name_parse(id, cgroups_path, unit->user, &unit->slice, &unit->name);

	if (r >= 0)
		r = systemd_add_annotations(&unit->annotations, annotations);
	if (r < 0)
		return r;
	r = systemd_connect(unit);
	if (r >= 0 && unit->user)
		r = systemd_manager_group(unit, &above);
	if (r < 0)
		return error_context(r, "--systemd-cgroup");
	below = systemd_name_group(unit->slice, unit->name);
	*group = string_format("%s%s%s", above ? above : "", above ? "/" : "", below);
	return 0;
}

/* ---- the first process ----------------------------------------------------------------------- */

static int systemd_create(struct cgroup *cgroup)
{
	if (cgroup->unit->user && cgroup->v1_count)
		return error_set(EOPNOTSUPP,
			"--systemd-cgroup: a user's systemd has groups on cgroup v2 alone");
	if (pipe2(cgroup->unit->gate, O_CLOEXEC) < 0)
		return error_errno(errno, "pipe");
	return cgroup->v1_count ? cgroup_v1_create(cgroup) : 0;
}

/* The first process: only the runtime may hold the other end, or its death goes unnoticed. */
static int gate_wait(struct systemd_unit *unit)
{
	char byte;
	ssize_t n;

	file_close(&unit->gate[1]);
	do
		n = read(unit->gate[0], &byte, 1);
	while (n < 0 && errno == EINTR);
	file_close(&unit->gate[0]);
	return n == 1 ? 0 : error_set(EPIPE, "systemd: unit %s: is not started", unit->name);
}

static int gate_open(struct systemd_unit *unit)
{
	int r = write(unit->gate[1], "", 1) == 1 ? 0 : -errno;

	file_close(&unit->gate[0]);
	file_close(&unit->gate[1]);
	return r < 0 ? error_errno(r, "the container's process") : 0;
}

static int systemd_enter(const struct cgroup *cgroup, bool by_clone)
{
	struct systemd_unit *unit = cgroup->unit;
	int r;

	if (unit->gate[0] >= 0) {
		r = gate_wait(unit);
		return r >= 0 && cgroup->v1_count ? cgroup_v1_enter(cgroup) : r;
	}
	r = cgroup->machine->enter(cgroup, by_clone);
	if ((r != -EACCES && r != -EPERM) || !unit->bus)
		return r;
	error_clear();
	return systemd_manager_attach(unit, getpid());
}

/*
 * The kernel wants to see the right to move processes at the group above both, which
 * a user has not when he comes from a login session. Such a process enters by itself
 * or, where it may not, by systemd, with which we must be connected from now on:
 * where the process will be, there is no bus.
 */
static int systemd_clone_fd(const struct cgroup *cgroup)
{
	if (cgroup->unit->gate[0] >= 0)
		return -1;
	if (!cgroup->unit->user)
		return cgroup->machine->clone_fd(cgroup);
	if (systemd_connect(cgroup->unit) < 0)
		error_clear();
	return -1;
}

/* ---- the unit -------------------------------------------------------------------------------- */

static void add_flag(struct systemd_properties *properties, const char *name, bool value)
{
	if (!systemd_has(properties, name))
		systemd_add_number(properties, name, "b", value);
}

/* What every unit gets, unless an annotation says something else. */
static void unit_add_basics(
	const struct cgroup *cgroup, struct systemd_properties *properties, pid_t pid)
{
	const struct systemd_unit *unit = cgroup->unit;

	if (!systemd_has(properties, "Description")) {
		_cleanup_free_ char *text = string_format("container %s by hull", unit->name);

		systemd_add_text(properties, "Description", text);
	}
	if (systemd_name_is_slice(unit->name)) {
		systemd_add_item(systemd_add(properties, "Wants", "as"), unit->slice);
	} else {
		systemd_add_text(properties, "Slice", unit->slice);
		systemd_add_number(properties, "PIDs", "au", (uint64_t)pid);
		add_flag(properties, "Delegate", true);
	}
	/* A unit that has failed, say by the OOM killer, is forgotten like any other. */
	if (!systemd_has(properties, "CollectMode"))
		systemd_add_text(properties, "CollectMode", "inactive-or-failed");
	add_flag(properties, "DefaultDependencies", false);
	add_flag(properties, "CPUAccounting", true);
	add_flag(properties, "MemoryAccounting", true);
	add_flag(properties, "TasksAccounting", true);
	add_flag(properties, cgroup->v1_count ? "BlockIOAccounting" : "IOAccounting", true);
}

/* What the group has now; a new one has no limit. */
static struct systemd_quota quota_now(const struct cgroup *cgroup, bool update)
{
	struct systemd_quota now = { .quota = UINT64_MAX, .period = SYSTEMD_PERIOD_STANDARD };
	struct cgroup_place *v1 = cgroup_v1_place(cgroup, CONTROLLER_CPU);
	_cleanup_buffer_ struct buffer text = { 0 };
	const char *period;

	if (update && v1) {
		(void)place_read_number(v1, "cpu.cfs_quota_us", &now.quota);
		(void)place_read_number(v1, "cpu.cfs_period_us", &now.period);
	} else if (update && cgroup->v2 && place_read(cgroup->v2, "cpu.max", &text) >= 0) {
		period = strchr(text.data, ' ');
		if (period)
			now.period = strtoull(period, NULL, 10);
		if (strncmp(text.data, "max", 3) != 0)
			now.quota = strtoull(text.data, NULL, 10);
	}
	return now;
}

static int unit_add_limits(const struct cgroup *cgroup, struct systemd_properties *properties,
	const struct config_resources *resources, const struct resource_plan *plan)
{
	const struct systemd_quota now = quota_now(cgroup, plan->update);

	systemd_add_limits(properties, plan, cgroup_v1_controllers(cgroup), &now);
	/* A user's systemd cannot load the program that device rules are. */
	if (cgroup->unit->user || (plan->update && !resources->devices.count))
		return 0;
	return systemd_add_devices(properties, resources);
}

/* The annotations behind what the document says, which they must not contradict. */
static int unit_add_annotations(
	struct systemd_properties *properties, struct systemd_properties *annotations)
{
	for (size_t i = 0; i < annotations->count; i++)
		if (systemd_has(properties, annotations->items[i].name))
			return error_set(EINVAL,
				"annotations: " SYSTEMD_ANNOTATION
				"%s: contradicts linux.resources, which gives it too",
				annotations->items[i].name);
	properties->items = memory_resize(properties->items,
		(properties->count + annotations->count + 1) * sizeof(*properties->items));
	if (annotations->count)
		memcpy(properties->items + properties->count, annotations->items,
			annotations->count * sizeof(*annotations->items));
	properties->count += annotations->count;
	annotations->count = 0;
	return 0;
}

static int unit_start(struct cgroup *cgroup, pid_t pid, const struct config_resources *resources,
	const struct resource_plan *plan)
{
	_cleanup_properties_ struct systemd_properties limits = { 0 };
	struct systemd_properties *annotations = &cgroup->unit->annotations;
	int r = unit_add_limits(cgroup, &limits, resources, plan);

	if (r >= 0)
		r = unit_add_annotations(&limits, annotations);
	if (r < 0)
		return r;
	unit_add_basics(cgroup, &limits, pid);
	r = systemd_manager_start(cgroup->unit, &limits);
	if (r < 0)
		return r;
	if (cgroup->v2 && place_open(cgroup->v2) < 0)
		return error_context(-ENOENT,
			"systemd: unit %s: its group is not where it should be",
			cgroup->unit->name);
	/* Whoever made the groups, systemd has written to them by now. */
	for (size_t i = 0; i < cgroup->v1_count; i++)
		cgroup->v1[i].made = false;
	return 0;
}

/* A slice is started without a process. */
static int slice_put(struct cgroup *cgroup, pid_t pid)
{
	char text[16];

	if (!systemd_name_is_slice(cgroup->unit->name) || !cgroup->v2)
		return 0;
	(void)snprintf(text, sizeof(text), "%d", pid);
	return place_write(cgroup->v2, "cgroup.procs", text);
}

/*
 * The slice of a tenant, without a process. As a unit of ours it is gone for good once it
 * is stopped; one that systemd makes by itself would leave its limits behind.
 */
static int level_start(const struct cgroup *cgroup)
{
	_cleanup_properties_ struct systemd_properties properties = { 0 };
	struct systemd_unit slice = { .name = cgroup->unit->slice,
		.user = cgroup->unit->user,
		.bus = cgroup->unit->bus };
	_cleanup_free_ char *text = NULL;
	int r;

	if (!cgroup->level)
		return 0;
	text = string_format("tenant %s by hull", cgroup->level->name);
	systemd_add_text(&properties, "Description", text);
	systemd_add_text(&properties, "CollectMode", "inactive-or-failed");
	add_flag(&properties, "CPUAccounting", true);
	r = systemd_manager_start(&slice, &properties);
	if (r != -EEXIST)
		return r;
	error_clear();
	return 0;
}

static int systemd_start(struct cgroup *cgroup, pid_t pid, const struct config_resources *resources)
{
	static const struct config_resources none;
	struct resource_plan plan = { .quiet = true, .v2 = cgroup->v2 };
	int r;

	resources = resources ? resources : &none;
	r = resources_plan(&plan, cgroup, resources);
	if (r >= 0)
		r = level_start(cgroup);
	if (r >= 0)
		r = unit_start(cgroup, pid, resources, &plan);
	if (r >= 0)
		r = slice_put(cgroup, pid);
	if (r >= 0)
		r = tenant_apply(cgroup);
	if (r >= 0)
		r = cgroup->machine->apply(cgroup, resources, false);
	resources_plan_free(&plan);
	return r < 0 ? r : gate_open(cgroup->unit);
}

static int systemd_announce(const struct cgroup *cgroup, const struct config_resources *resources,
	const struct resource_plan *plan)
{
	_cleanup_properties_ struct systemd_properties limits = { 0 };
	int r = unit_add_limits(cgroup, &limits, resources, plan);

	if (r < 0 || !limits.count)
		return r;
	r = systemd_connect(cgroup->unit);
	return r < 0 ? r : systemd_manager_set(cgroup->unit, &limits);
}

/*
 * The processes are dead by now, so without systemd to ask, its unit ends by itself;
 * and the groups are removed here in any case.
 */
static int systemd_remove(const struct cgroup *cgroup, struct patience *patience)
{
	int r = systemd_connect(cgroup->unit);

	if (r >= 0)
		r = systemd_manager_stop(cgroup->unit);
	if (r < 0)
		log_warning("%s", error_text(r));
	error_clear();
	r = cgroup->v2 ? cgroup_v2_remove(cgroup, patience) : 0;
	return r >= 0 && cgroup->v1_count ? cgroup_v1_remove(cgroup, patience) : r;
}

/* ---- as the machine's hierarchies do it ------------------------------------------------------ */

static int systemd_apply(
	const struct cgroup *cgroup, const struct config_resources *resources, bool update)
{
	return cgroup->machine->apply(cgroup, resources, update);
}

static int systemd_freeze(const struct cgroup *cgroup, bool frozen)
{
	return cgroup->machine->freeze(cgroup, frozen);
}

static bool systemd_is_frozen(const struct cgroup *cgroup)
{
	return cgroup->machine->is_frozen(cgroup);
}

static int systemd_kill(const struct cgroup *cgroup, int signal)
{
	return cgroup->machine->kill(cgroup, signal);
}

static int systemd_processes(const struct cgroup *cgroup, pid_t **pids, size_t *count)
{
	return cgroup->machine->processes(cgroup, pids, count);
}

static void systemd_stats(const struct cgroup *cgroup, struct cgroup_stats *stats)
{
	cgroup->machine->stats(cgroup, stats);
}

const struct cgroup_driver cgroup_driver_systemd = {
	.name = KIND_SYSTEM,
	.create = systemd_create,
	.clone_fd = systemd_clone_fd,
	.enter = systemd_enter,
	.apply = systemd_apply,
	.start = systemd_start,
	.announce = systemd_announce,
	.freeze = systemd_freeze,
	.is_frozen = systemd_is_frozen,
	.kill = systemd_kill,
	.processes = systemd_processes,
	.remove = systemd_remove,
	.stats = systemd_stats,
};
