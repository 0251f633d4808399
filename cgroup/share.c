/* SPDX-License-Identifier: Apache-2.0 */
#include "cgroup/share.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

/* How much of what OTHER has falls on the CPUs of MEMBER. */
static double overlap(const struct share_member *member, const struct share_member *other)
{
	cpu_set_t both;

	if (CPU_EQUAL(&member->cpus, &other->cpus))
		return 1;
	CPU_AND(&both, &member->cpus, &other->cpus);
	return (double)CPU_COUNT(&both) / (double)CPU_COUNT(&other->cpus);
}

static double wanted(const struct share_member *member)
{
	return member->demand < member->limit ? member->demand : member->limit;
}

/* Those first who are content with the least of a share. */
static int content_compare(const void *left, const void *right)
{
	const struct share_member *a = *(struct share_member *const *)left;
	const struct share_member *b = *(struct share_member *const *)right;
	double first = wanted(a) * b->weight, second = wanted(b) * a->weight;

	return (first > second) - (first < second);
}

/*
 * MEMBER wants all. The others, in the order of ACTIVE, are content one by one as
 * the level (CPUs for each unit of weight) rises, until CAPACITY is used up.
 */
static double entitlement(const struct share_member *member, struct share_member *const *active,
	size_t count, double capacity)
{
	double weights = member->weight, level;

	for (size_t i = 0; i < count; i++)
		if (active[i] != member)
			weights += active[i]->weight * overlap(member, active[i]);
	for (size_t i = 0; i < count; i++) {
		double part = active[i] == member ? 0 : overlap(member, active[i]);

		level = capacity / weights;
		if (part <= 0)
			continue;
		if (wanted(active[i]) >= level * active[i]->weight)
			break;
		capacity -= wanted(active[i]) * part;
		weights -= active[i]->weight * part;
	}
	level = capacity / weights * member->weight;
	return level < member->limit ? level : member->limit;
}

void share_divide(struct share_member *members, size_t count, double capacity, const cpu_set_t *all)
{
	_cleanup_free_ struct share_member **active = memory_allocate((count + 1) * sizeof(*active));
	size_t active_count = 0;

	for (size_t i = 0; i < count; i++)
		if (members[i].demand > 0)
			active[active_count++] = &members[i];
	qsort(active, active_count, sizeof(*active), content_compare);
	for (size_t i = 0; i < count; i++) {
		cpu_set_t both;

		CPU_AND(&both, &members[i].cpus, all);
		members[i].entitled = entitlement(&members[i], active, active_count,
			capacity * CPU_COUNT(&both) / CPU_COUNT(all));
	}
}

double share_deficit(double entitled, double usage, double demand)
{
	double due = demand < entitled ? demand : entitled;

	return due > usage ? due - usage : 0;
}

int share_parse_cpus(const char *text, cpu_set_t *cpus)
{
	char *at = (char *)text;

	CPU_ZERO(cpus);
	while (*at >= '0' && *at <= '9') {
		unsigned long first = strtoul(at, &at, 10);
		unsigned long last = *at == '-' ? strtoul(at + 1, &at, 10) : first;

		for (; first <= last && first < CPU_SETSIZE; first++)
			CPU_SET(first, cpus);
		at += *at == ',';
	}
	return CPU_COUNT(cpus);
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
