/* SPDX-License-Identifier: Apache-2.0 */
#include "cgroup/conservation.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cgroup/resources.h"

#define PERIOD_STANDARD 100000u
#define SHARES_STANDARD 1024.0
#define LOSS_MOST	0.01 /* of a proportion: the rounding of whole weights stays below */

/* How many CPUs a list such as "0-3,7" has. */
static unsigned int count_cpus(const char *list)
{
	unsigned int count = 0;

	while (*list) {
		char *end;
		unsigned long first = strtoul(list, &end, 10), last = first;

		if (end == list) {
			list++;
			continue;
		}
		if (*end == '-')
			last = strtoul(end + 1, &end, 10);
		count += last >= first ? (unsigned int)(last - first + 1) : 0;
		list = end;
	}
	return count;
}

/* What the kernel has for it on v2. */
static uint64_t weight_of(const struct config_resources *resources)
{
	for (size_t i = resources->unified.count; i-- > 0;)
		if (!strcmp(resources->unified.items[i].key, "cpu.weight"))
			return strtoull(resources->unified.items[i].value, NULL, 10);
	if (resources->cpu->weight.set)
		return resources->cpu->weight.value;
	if (resources->cpu->shares.set && resources->cpu->shares.value)
		return cpu_weight_of_shares(resources->cpu->shares.value);
	return CPU_WEIGHT_STANDARD;
}

static void check_quota(
	const struct config_resources *resources, unsigned int cpus, struct buffer *lines)
{
	const struct config_cpu *cpu = resources->cpu;
	uint64_t period = cpu->period.value ? cpu->period.value : PERIOD_STANDARD;
	double limit = (double)cpu->quota.value / (double)period, share;
	uint64_t weight = weight_of(resources);

	if (cpu->quota.value <= 0)
		return;
	if (cpu->cpus && *cpu->cpus && count_cpus(cpu->cpus) < cpus)
		cpus = count_cpus(cpu->cpus);
	if (limit >= cpus)
		return;
	buffer_format(lines,
		"linux.resources.cpu.quota: at most %.2f of %u CPUs, even while the others are "
		"idle; a weight limits only where somebody else wants them\n",
		limit, cpus);
	if (!cpu->burst.value)
		buffer_format(lines,
			"linux.resources.cpu.quota: without burst, what is not used of a period of "
			"%" PRIu64 " microseconds is lost; a burst of %" PRId64 " saves it up\n",
			period, cpu->quota.value);
	share = cpus * (double)weight / (double)(weight + CPU_WEIGHT_STANDARD);
	if (limit < share)
		buffer_format(lines,
			"linux.resources.cpu.quota: %.2f CPUs are less than its weight of %" PRIu64
			" gives it beside a neighbour of %d that is busy on all of them (%.2f)\n",
			limit, weight, CPU_WEIGHT_STANDARD, share);
}

static void check_shares(const struct config_cpu *cpu, struct buffer *lines)
{
	uint64_t shares = cpu->shares.set ? cpu->shares.value : 0, weight, exact;
	double wanted = (double)shares / SHARES_STANDARD, got;

	if (!shares)
		return;
	if (cpu->weight.set) {
		buffer_format(lines,
			"linux.resources.cpu.shares: count for nothing beside a weight\n");
		return;
	}
	weight = cpu_weight_of_shares(shares);
	got = (double)weight / CPU_WEIGHT_STANDARD;
	if (fabs(got / wanted - 1) <= LOSS_MOST)
		return;
	exact = (uint64_t)fmin(fmax(round(wanted * CPU_WEIGHT_STANDARD), CPU_WEIGHT_LEAST),
		CPU_WEIGHT_MOST);
	buffer_format(lines,
		"linux.resources.cpu.shares: %" PRIu64 " is %.4g times the standard of 1024, but "
		"becomes cpu.weight %" PRIu64 " on cgroup v2, %.4g times its standard of %d: "
		"linux.resources.cpu.weight %" PRIu64 " (--cpu-weight) keeps the proportion\n",
		shares, wanted, weight, got, CPU_WEIGHT_STANDARD, exact);
}

void conservation_check(
	const struct config_resources *resources, unsigned int cpus, struct buffer *lines)
{
	if (!resources || !resources->cpu)
		return;
	check_quota(resources, cpus, lines);
	check_shares(resources->cpu, lines);
	if (resources->cpu->idle.value == 1 && resources->cpu->weight.set)
		buffer_format(lines, "linux.resources.cpu.weight: counts for nothing while "
				     "cpu.idle is 1\n");
}
