/* SPDX-License-Identifier: Apache-2.0 */
#include "cgroup/share.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/processors.h"

/* CPUs of which all are the same: the same members may run there. */
struct division {
	struct share_member **active; /* those that want something, the most content first */
	size_t count;
	double capacity;
	int cpus;
};

static double wanted(const struct share_member *member)
{
	return member->demand < member->limit ? member->demand : member->limit;
}

/* Those first who are content with the least for each unit of weight. */
static int content_compare(const void *left, const void *right)
{
	const struct share_member *a = *(struct share_member *const *)left;
	const struct share_member *b = *(struct share_member *const *)right;
	double first = wanted(a) * b->weight, second = wanted(b) * a->weight;

	return (first > second) - (first < second);
}

/* The part of a member's weight and demand that lies on CPUS of its CPUs. */
static double part_of(const struct share_member *member, int cpus)
{
	return (double)cpus / member->cpu_count;
}

/*
 * MEMBER wants all. The others are content one by one as the level (CPUs for each
 * unit of weight) rises, until the capacity is used up.
 */
static double entitlement(const struct division *division, const struct share_member *member)
{
	double capacity = division->capacity,
	       own = member->weight * part_of(member, division->cpus);
	double weights = own;

	for (size_t i = 0; i < division->count; i++)
		if (division->active[i] != member)
			weights += division->active[i]->weight *
				   part_of(division->active[i], division->cpus);
	for (size_t i = 0; i < division->count; i++) {
		const struct share_member *other = division->active[i];
		double part = part_of(other, division->cpus);

		if (other == member)
			continue;
		if (wanted(other) * weights >= capacity * other->weight)
			break;
		capacity -= wanted(other) * part;
		weights -= other->weight * part;
	}
	return capacity / weights * own;
}

/* Do the same members run on both CPUs? */
static bool is_same(const struct share_member *members, size_t count, const cpu_set_t *all,
	int first, int second)
{
	if (!CPU_ISSET((size_t)second, all))
		return false;
	for (size_t i = 0; i < count; i++)
		if (!CPU_ISSET((size_t)first, &members[i].cpus) !=
			!CPU_ISSET((size_t)second, &members[i].cpus))
			return false;
	return true;
}

static void divide_cpus(
	struct share_member *members, size_t count, int cpu, struct division *division)
{
	division->count = 0;
	for (size_t i = 0; i < count; i++)
		if (members[i].demand > 0 && CPU_ISSET((size_t)cpu, &members[i].cpus))
			division->active[division->count++] = &members[i];
	qsort(division->active, division->count, sizeof(*division->active), content_compare);
	for (size_t i = 0; i < count; i++)
		if (CPU_ISSET((size_t)cpu, &members[i].cpus))
			members[i].entitled += entitlement(division, &members[i]);
}

void share_divide(struct share_member *members, size_t count, double capacity, const cpu_set_t *all)
{
	_cleanup_free_ struct share_member **active =
		memory_allocate((count + 1) * sizeof(*active));

	for (size_t i = 0; i < count; i++) {
		members[i].cpu_count = processors_count(&members[i].cpus);
		members[i].entitled = 0;
	}
	for (int cpu = 0, end; cpu < CPU_SETSIZE; cpu = end) {
		struct division division = { .active = active };

		end = cpu + 1;
		if (!CPU_ISSET((size_t)cpu, all))
			continue;
		while (end < CPU_SETSIZE && is_same(members, count, all, cpu, end))
			end++;
		division.cpus = end - cpu;
		division.capacity = capacity * division.cpus / processors_count(all);
		divide_cpus(members, count, cpu, &division);
	}
	for (size_t i = 0; i < count; i++)
		if (members[i].entitled > members[i].limit)
			members[i].entitled = members[i].limit;
}

double share_deficit(double entitled, double usage, double demand)
{
	double due = demand < entitled ? demand : entitled;

	return due > usage ? due - usage : 0;
}

double share_parse_quota(const char *text)
{
	char *end;
	double quota = strtod(text, &end), period;

	if (end == text || quota <= 0)
		return INFINITY;
	period = strtod(end, NULL);
	return period > 0 ? quota / period : INFINITY;
}
