/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_CGROUP_DRIVER_H
#define HULL_CGROUP_DRIVER_H

/*
 * The inside of cgroup/: a driver per kind of machine behind one table. Which
 * one answers is decided once, in cgroup_open.
 *
 *   v1      one or more v1 hierarchies
 *   v2      the unified hierarchy alone
 *   hybrid  v1 hierarchies for their controllers; beside them a v2 group for
 *           what only v2 can do: CLONE_INTO_CGROUP, cgroup.freeze, cgroup.kill,
 *           pressure, and the controllers that v1 does not have
 *   none    no cgroup: the container of a user who has none, or one without
 *   systemd one of these below, in a group that systemd makes and removes
 */
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "cgroup/cgroup.h"
#include "cgroup/place.h"
#include "cgroup/resources.h"
#include "cgroup/stats.h"

#define CGROUP_V1_MOST CONTROLLERS /* and one without a controller: systemd's */

/* The functions of cgroup.h, which has their contracts. */
struct cgroup_driver {
	const char *name;
	int (*create)(struct cgroup *cgroup);
	int (*clone_fd)(const struct cgroup *cgroup);
	int (*enter)(const struct cgroup *cgroup, bool by_clone);
	int (*apply)(
		const struct cgroup *cgroup, const struct config_resources *resources, bool update);
	int (*freeze)(const struct cgroup *cgroup, bool frozen);
	bool (*is_frozen)(const struct cgroup *cgroup);
	int (*kill)(const struct cgroup *cgroup, int signal);
	int (*processes)(const struct cgroup *cgroup, pid_t **pids, size_t *count);
	int (*remove)(const struct cgroup *cgroup, struct patience *patience);
	/* NULL where nothing is counted */
	void (*stats)(const struct cgroup *cgroup, struct cgroup_stats *stats);

	/* Of systemd alone; NULL in the other rows. */
	int (*start)(struct cgroup *cgroup, pid_t pid, const struct config_resources *resources);
	/* Have the limits of PLAN, which the group has by now, known to whoever else keeps them. */
	int (*announce)(const struct cgroup *cgroup, const struct config_resources *resources,
		const struct resource_plan *plan);
};

extern const struct cgroup_driver cgroup_driver_v1, cgroup_driver_v2, cgroup_driver_hybrid,
	cgroup_driver_none, cgroup_driver_systemd;

struct cgroup {
	const struct cgroup_driver *driver;
	const struct cgroup_driver *machine; /* of the hierarchies; differs with systemd alone */
	struct systemd_unit *unit;	     /* or NULL: cgroup/systemd.h */
	char *saved;			     /* "hybrid:/hull/ID" */
	int mount_fd;			     /* /sys/fs/cgroup */
	struct cgroup_place *v1;	     /* v1_count of them, in the order of their names */
	size_t v1_count;
	struct cgroup_place *v2; /* or NULL */
	const struct tenant_level *level; /* that a new group is in, or NULL: cgroup/tenant.h */
	struct cgroup_view views[CGROUP_V1_MOST + 3];
};

/* Plan another GROUP ("hull/ID") in all hierarchies; none is made or open yet. */
void cgroup_set_group(struct cgroup *cgroup, const char *group);

/* After the path of a place has changed. */
void cgroup_set_views(struct cgroup *cgroup);

/* The v1 place that has the controller, or NULL. */
struct cgroup_place *cgroup_v1_place(const struct cgroup *cgroup, enum controller controller);

/* All controllers of v1. */
uint32_t cgroup_v1_controllers(const struct cgroup *cgroup);

/*
 * Send SIGNAL to all processes of the place, one by one. They are not frozen
 * for it: thawing would end waiting system calls of processes that ignore it.
 */
int cgroup_signal_each(struct cgroup_place *place, int signal);

/*
 * SIGKILL to all processes one by one, frozen meanwhile so that none escapes by
 * forking; thawed in the end, because v1's freezer holds even the killed.
 */
int cgroup_kill_frozen(const struct cgroup *cgroup, struct cgroup_place *place);

/*
 * The group's cgroupsPath as the path below a hierarchy's root, without slashes
 * in front or doubled ("hull/ID"); free it. NULL with a message (-EINVAL) for
 * "..", the root itself and what is no name. Pure.
 */
char *cgroup_path_resolve(const char *id, const char *cgroups_path);

/* Parts of the drivers that the hybrid one is put together from. */
int cgroup_v1_create(struct cgroup *cgroup);
int cgroup_v1_enter(const struct cgroup *cgroup);
int cgroup_v1_apply(
	const struct cgroup *cgroup, const struct config_resources *resources, bool update);
void cgroup_v1_thaw_all(const struct cgroup *cgroup);
/* SIGKILL to what only v1's freezer holds any more, and thaw it: else it would never die. */
int cgroup_v1_kill_frozen(const struct cgroup *cgroup);
int cgroup_v1_remove(const struct cgroup *cgroup, struct patience *patience);
int cgroup_v2_create(struct cgroup *cgroup);
int cgroup_v2_clone_fd(const struct cgroup *cgroup);
int cgroup_v2_enter(const struct cgroup *cgroup, bool by_clone);
int cgroup_v2_apply_devices(struct cgroup_place *place, const struct config_resources *resources);
int cgroup_v2_apply(
	const struct cgroup *cgroup, const struct config_resources *resources, bool update);
int cgroup_v2_freeze(const struct cgroup *cgroup, bool frozen);
bool cgroup_v2_is_frozen(const struct cgroup *cgroup);
int cgroup_v2_kill(const struct cgroup *cgroup, int signal);
int cgroup_v2_processes(const struct cgroup *cgroup, pid_t **pids, size_t *count);
int cgroup_v2_remove(const struct cgroup *cgroup, struct patience *patience);

#endif
