/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_CGROUP_RDT_H
#define HULL_CGROUP_RDT_H

/*
 * linux.intelRdt (config-linux.md "IntelRdt"): a share of caches and memory
 * bandwidth, through the kernel's resctrl file system
 * (Documentation/filesystems/resctrl.rst). ROOT_FD is its root. It has a folder a
 * class of service, and in that one a monitoring group.
 *
 * All functions return 0 (or what they say) or a negative errno with a message.
 */
#include <stdbool.h>
#include <sys/types.h>

#include "base/json.h"
#include "spec/config.h"

/* What state.json keeps of it. */
struct rdt_group {
	const char *id;	  /* the container's: the name of its monitoring group */
	const char *clos; /* the folder of its class; "/" is the root's */
	bool made;	  /* the class is this container's own, and goes with it */
	bool monitored;
};

/* The root of resctrl, wherever it is mounted; -ENODEV when it is not. */
int rdt_open(void);

/*
 * Which group the container gets, before anything is made: -ENOENT when closID has
 * to exist and does not, -EINVAL when it exists with another schema.
 */
int rdt_choose(int root_fd, const struct config_intel_rdt *config, const char *id,
	struct rdt_group *group);

/* Make the class, when it is to be made; then write its schema and make the monitoring group. */
int rdt_make(int root_fd, const struct rdt_group *group);
int rdt_configure(
	int root_fd, const struct rdt_group *group, const struct config_intel_rdt *config);

/*
 * Write another schema into the class of a container that runs. BEFORE gets the
 * schemata that it had, for rdt_restore.
 */
int rdt_update(int root_fd, const struct rdt_group *group, const struct config_intel_rdt *config,
	struct buffer *before);
int rdt_restore(int root_fd, const struct rdt_group *group, const char *before);

/*
 * The container is created: from now on a class that closID names stays, whoever made it
 * (config-linux.md, IntelRdt). True when that changes the group.
 */
bool rdt_settle(struct rdt_group *group, const struct config_intel_rdt *config);

/* Move a process, which has one thread, into the group. */
int rdt_enter(int root_fd, const struct rdt_group *group, pid_t pid);

/*
 * Remove the monitoring group, and the class that was made for the container, unless
 * somebody else's processes are in it by now. What is gone already is fine.
 */
int rdt_remove(int root_fd, const struct rdt_group *group);

/* "intel_rdt" of runc's `events --stats`, as far as this machine has it. */
void rdt_write_stats(int root_fd, const struct rdt_group *group, struct json_writer *writer);

/* True when every value of WANTED ("L3:0=ff;1=c0", lines) is that of the schemata file FOUND. */
bool rdt_schema_matches(const char *wanted, const char *found);

#endif
