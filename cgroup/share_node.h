/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_CGROUP_SHARE_NODE_H
#define HULL_CGROUP_SHARE_NODE_H

/* One group of cgroup/share_tree.h: its files and what they told. */
#include <sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cgroup/kept_file.h"
#include "cgroup/share_tree.h"

/* Which hierarchy tells what: a folder below /sys/fs/cgroup ("cpu,cpuacct"), or NULL. */
struct share_hierarchies {
	char *cpu, *usage, *pressure, *cpus;
	bool v2_cpu, v2_usage, v2_cpus;
};

struct share_tree {
	struct kept_files *kept;
	int mount_fd; /* /sys/fs/cgroup */
	struct share_hierarchies at;
	struct share_node *root;
	uint64_t time;	 /* CLOCK_MONOTONIC of the last reading; 0: none yet */
	double interval; /* seconds up to the last reading; 0: none yet */
};

struct share_node {
	struct share_node *above, *first, *next;
	char *name; /* "" of the root */
	struct kept_file weight_file, quota_file, period_file, usage_file, pressure_file, cpus_file;
	size_t added;	     /* how often as a container's group */
	size_t below;	     /* such groups below */
	unsigned long links; /* of the folder when it was read; 0: it has to be */
	bool is_scanned;     /* at this reading */
	bool seen;	     /* in the folder above, at this reading */
	bool has_processes;  /* of its own, beside the groups below */
	unsigned int age;    /* readings since weight, limit and CPUs were read */
	bool known;	     /* the totals are those of the last reading */

	uint64_t usage, some; /* totals, nanoseconds */
	struct stolen told;   /* of an added group since the last reading */

	double weight;	     /* of v1's shares; 0: no entity of the scheduler */
	double limit;	     /* CPUs; INFINITY: none */
	double used, demand; /* CPUs, in the interval */
	double entitled;     /* CPUs, or NAN */
	cpu_set_t cpus;
};

struct share_node *share_node_new(
	struct share_tree *tree, struct share_node *above, const char *name);
void share_node_free(struct share_tree *tree, struct share_node *node);

/* Usage and demand in the interval, and (ACTIVE or not) weight, limit and CPUs. */
void share_node_read(struct share_tree *tree, struct share_node *node);

#endif
