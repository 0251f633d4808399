/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_CGROUP_RESOURCES_H
#define HULL_CGROUP_RESOURCES_H

/*
 * `linux.resources` as a list of files to write. Making the list is pure (the
 * tables are resources_v1.c and resources_v2.c); writing it is resources.c.
 * 0 stands for "not given" where other runtimes take it so: engines send it.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cgroup/cgroup.h"
#include "cgroup/place.h"
#include "spec/config.h"

/* What to do when the kernel does not have the file. */
enum resource_missing {
	RESOURCE_NEEDED,   /* refuse */
	RESOURCE_OPTIONAL, /* go on: another file says it, or it is the default */
	RESOURCE_DROPPED,  /* warn: the kernel gave the feature up */
};

struct resource_write {
	enum controller controller; /* or CONTROLLERS: of the v2 group itself */
	const char *field;	    /* below linux.resources: "memory.limit" */
	char *file, *value;
	char *other_file, *other_value; /* instead of FILE where that does not exist; or NULL */
	bool is_default;		/* what a new group has anyhow */
	enum resource_missing missing;
};

/* What files held before an update wrote to them. */
struct resource_undo {
	struct resource_before {
		struct cgroup_place *place;
		char *file, *value;
	} *items;
	size_t count;
};

struct resource_plan {
	bool update; /* of a container that runs: fields that belong together may be half given */
	bool quiet;  /* another plan of the same gives the warnings */
	struct resource_undo *undo; /* where an update notes what it changes, or NULL */
	struct cgroup_place *v2;    /* where v2's current values are read on an update, or NULL */
	struct resource_write *items;
	size_t count;
};

/*
 * Append the writes for the controllers of MASK (CONTROLLER_BITs); what other
 * controllers would be needed for belongs to the other hierarchy. Refused with
 * a message (-EINVAL, -EOPNOTSUPP) is what the version of cgroups cannot do.
 */
int resources_plan_v1(
	struct resource_plan *plan, const struct config_resources *resources, uint32_t mask);
int resources_plan_v2(
	struct resource_plan *plan, const struct config_resources *resources, uint32_t mask);
void resources_plan_free(struct resource_plan *plan);

/* The writes for all hierarchies of the group. */
int resources_plan(struct resource_plan *plan, const struct cgroup *cgroup,
	const struct config_resources *resources);

/* What is the same on both but for the names of files. */
int resources_plan_shared(struct resource_plan *plan, const struct config_resources *resources,
	uint32_t mask, bool v2);

/* FIELD must be literal; FILE and VALUE are copied. */
struct resource_write *resources_plan_add(struct resource_plan *plan, enum controller controller,
	const char *field, const char *file, const char *value);
struct resource_write *resources_plan_number(struct resource_plan *plan, enum controller controller,
	const char *field, const char *file, int64_t value);

/*
 * Carry out the plan: enables v2 controllers, skips defaults on groups that
 * were made just now, and tries again in the end what the kernel refuses
 * because a value that belongs to it comes later.
 */
int resources_write(const struct cgroup *cgroup, const struct resource_plan *plan);

/*
 * Refuse, before anything is written, what has no controller or no file on this
 * machine. Enables v2 controllers.
 */
int resources_check(const struct cgroup *cgroup, const struct resource_plan *plan);

/*
 * An update as a whole: all values and device rules, or none. The message of an
 * error says when something could not be set back.
 */
int resources_update(const struct cgroup *cgroup, const struct config_resources *resources);

/* Note what FILE holds, to which VALUE is about to be written. */
void resource_undo_note(struct resource_undo *undo, struct cgroup_place *place, const char *file,
	const char *value);

/* Write back what was noted, the latest first; false when the kernel did not take all of it. */
bool resource_undo_restore(const struct resource_undo *undo);
void resource_undo_free(struct resource_undo *undo);

/*
 * The words that bring a file back to what its TEXT says after VALUE was written
 * to it, in a new string. Files that have a line for each device get only the
 * line of VALUE's device. Pure.
 */
char *resource_value_before(const char *text, const char *value);

/* Parts of both versions: "2MB" and what else may stand in a name of a hugetlb file. */
bool hugepage_size_is_valid(const char *size);

/* "SIZE LIMIT" pairs that make sense together, the same on v1 and v2; with a message. */
int memory_check(const struct config_memory *memory, bool update);

/*
 * The v2 weight (1..10000) for v1's CPU shares (2..262144), by the curve through
 * (2, 1), (1024, 100) and (262144, 10000) that runc, crun and systemd agreed on.
 */
uint64_t cpu_weight_of_shares(uint64_t shares);

/*
 * v1's cpu.shares of a weight of 1: a weight is never converted by that curve, so that
 * proportions stay exact, and 100 is about v1's default of 1024.
 */
#define CPU_SHARES_OF_WEIGHT 10

/* io.weight (1..10000) for blkio's weight (10..1000). */
uint64_t io_weight_of_blkio(uint64_t weight);

/*
 * v1's real-time budget. The sum of the groups below may not be more than a
 * group has, and a new group has none: hull's own groups above the container's
 * get what is needed, and give it back when the container's group is gone.
 */
bool realtime_is_given(struct cgroup_place *place);
int realtime_make_room(struct cgroup_place *place, const char *runtime);
void realtime_drop(struct cgroup_place *place);	    /* of the group itself */
int realtime_give_back(struct cgroup_place *place); /* 0, or an errno without a message */

#endif
