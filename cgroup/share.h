/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_CGROUP_SHARE_H
#define HULL_CGROUP_SHARE_H

/*
 * What share of the CPUs a group is entitled to: at each level of the tree its
 * weight over the weights of those beside it that want to run, times what the
 * group above is entitled to. Who wants less than his share leaves the rest to
 * the others (weighted max-min fairness, which is what the scheduler does over
 * time). The arithmetic, pure; cgroup/share_tree.h reads the groups.
 *
 * All amounts are CPUs: 0.5 is half of one.
 */
#include <sched.h>
#include <stddef.h>
#include <stdint.h>

/* One of the groups that stand beside each other. */
struct share_member {
	double weight;	/* > 0, in any unit that all have */
	double demand;	/* what it used and what it wanted more */
	double limit;	/* of its quota; INFINITY: none */
	cpu_set_t cpus; /* where it may run; not empty */
	int cpu_count;	/* of cpus; share_divide fills it in */
	double entitled; /* result: what it would get if it wanted all, and the others what they do */
};

/*
 * Divide CAPACITY, which lies evenly on the CPUs of ALL, among the members, CPU by
 * CPU: weight and demand of a member lie evenly on those that it may use. So one
 * whose CPUs are others is no rival, and one with some of the same is a part of one.
 */
void share_divide(
	struct share_member *members, size_t count, double capacity, const cpu_set_t *all);

/* What it was entitled to, wanted and did not get. */
double share_deficit(double entitled, double usage, double demand);

/* CPUs of a quota in the form of cpu.max ("50000 100000", "max 100000"); INFINITY for none. */
double share_parse_quota(const char *text);

#endif
