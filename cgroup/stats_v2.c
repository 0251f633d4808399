/* SPDX-License-Identifier: Apache-2.0 */

/* What the v2 group tells of a container; in a hybrid, of what v1 does not count. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "cgroup/driver.h"

void stats_read_pressure(
	struct cgroup_place *place, const char *file, struct stats_pressure *pressure)
{
	_cleanup_buffer_ struct buffer text = { 0 };

	/* Fails with EOPNOTSUPP where it is built in but switched off. */
	if (place_read(place, file, &text) < 0)
		return;
	for (char *line = text.data; line && *line; line = strchr(line, '\n'), line += !!line) {
		struct stats_pressure_line *to =
			!strncmp(line, "some", 4) ? &pressure->some : &pressure->full;
		unsigned long long total;

		if (sscanf(line, "%*s avg10=%lf avg60=%lf avg300=%lf total=%llu", &to->avg10,
			    &to->avg60, &to->avg300, &total) != 4)
			return;
		to->total = total;
		pressure->have = true;
	}
}

static void v2_cpu(struct cgroup_place *place, struct cgroup_stats *stats)
{
	stats_read_key(place, "cpu.stat", "usage_usec", 1000, &stats->cpu.total);
	stats_read_key(place, "cpu.stat", "user_usec", 1000, &stats->cpu.user);
	stats_read_key(place, "cpu.stat", "system_usec", 1000, &stats->cpu.kernel);
	stats_read_key(place, "cpu.stat", "nr_periods", 1, &stats->cpu.periods);
	stats_read_key(place, "cpu.stat", "nr_throttled", 1, &stats->cpu.throttled_periods);
	stats_read_key(place, "cpu.stat", "throttled_usec", 1000, &stats->cpu.throttled_time);
}

static void v2_cpuset(struct cgroup_place *place, struct cgroup_stats *stats)
{
	stats_read_range(place, "cpuset.cpus.effective", &stats->cpuset.cpus);
	stats_read_range(place, "cpuset.mems.effective", &stats->cpuset.mems);
}

/* "swap" is of memory and swap together, as v1 had it. */
static void v2_memory(struct cgroup_place *place, struct cgroup_stats *stats)
{
	struct stats_memory_entry swap = { 0 };

	stats_read_number(place, "memory.current", &stats->memory.usage.usage);
	stats_read_number(place, "memory.max", &stats->memory.usage.limit);
	stats_read_number(place, "memory.peak", &stats->memory.usage.max);
	stats_read_key(place, "memory.events", "max", 1, &stats->memory.usage.failcnt);
	stats_read_number(place, "memory.swap.current", &swap.usage);
	stats_read_number(place, "memory.swap.max", &swap.limit);
	stats_read_key(place, "memory.swap.events", "fail", 1, &swap.failcnt);
	swap.usage += stats->memory.usage.usage;
	if (swap.limit != UINT64_MAX)
		swap.limit = stats->memory.usage.limit == UINT64_MAX
				     ? UINT64_MAX
				     : swap.limit + stats->memory.usage.limit;
	stats->memory.swap = swap;
	stats_read_pairs(place, "memory.stat", &stats->memory.raw);
	stats_read_pairs(place, "memory.events", &stats->memory.events);
	stats->memory.cache = stats_pair(&stats->memory.raw, "file");
	stats->memory.kernel.usage = stats_pair(&stats->memory.raw, "kernel");
	stats->memory.kernel.limit = UINT64_MAX;
	stats->memory.kernel_tcp.usage = stats_pair(&stats->memory.raw, "sock");
	stats->memory.kernel_tcp.limit = UINT64_MAX;
}

static void v2_pids(struct cgroup_place *place, struct cgroup_stats *stats)
{
	stats_read_number(place, "pids.current", &stats->pids.current);
	stats_read_number(place, "pids.max", &stats->pids.limit);
	if (stats->pids.limit == UINT64_MAX)
		stats->pids.limit = 0;
}

/* Lines "MAJOR:MINOR rbytes=N wbytes=N rios=N wios=N dbytes=N dios=N". */
static void v2_io(struct cgroup_place *place, struct cgroup_stats *stats)
{
	static const struct {
		const char *key, *op;
		enum stats_blkio list;
	} keys[] = {
		{ "rbytes=", "Read", BLKIO_SERVICE_BYTES },
		{ "wbytes=", "Write", BLKIO_SERVICE_BYTES },
		{ "dbytes=", "Discard", BLKIO_SERVICE_BYTES },
		{ "rios=", "Read", BLKIO_SERVICED },
		{ "wios=", "Write", BLKIO_SERVICED },
		{ "dios=", "Discard", BLKIO_SERVICED },
	};
	_cleanup_buffer_ struct buffer text = { 0 };

	if (place_read(place, "io.stat", &text) < 0)
		return;
	for (char *line = text.data; line && *line; line = strchr(line, '\n'), line += !!line) {
		unsigned long long major, minor;
		int end = 0;

		if (sscanf(line, "%llu:%llu%n", &major, &minor, &end) != 2)
			continue;
		for (char *word = line + end; *word == ' '; word += strcspn(word, " \n")) {
			word++;
			for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
				if (!strncmp(word, keys[i].key, strlen(keys[i].key)))
					stats_add_blkio(&stats->blkio.lists[keys[i].list], major,
						minor, keys[i].op,
						strtoull(word + strlen(keys[i].key), NULL, 10));
		}
	}
}

static void v2_hugetlb(struct cgroup_place *place, struct cgroup_stats *stats)
{
	stats_read_hugetlb(place, stats, "current", NULL, "events");
}

void cgroup_v2_stats(const struct cgroup *cgroup, struct cgroup_stats *stats)
{
	static const struct {
		enum controller controller;
		void (*read)(struct cgroup_place *place, struct cgroup_stats *stats);
	} parts[] = {
		{ CONTROLLER_CPUACCT, v2_cpu },
		{ CONTROLLER_CPUSET, v2_cpuset },
		{ CONTROLLER_MEMORY, v2_memory },
		{ CONTROLLER_PIDS, v2_pids },
		{ CONTROLLER_BLKIO, v2_io },
		{ CONTROLLER_HUGETLB, v2_hugetlb },
	};
	uint32_t v1 = cgroup_v1_controllers(cgroup);

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		if (!(v1 & CONTROLLER_BIT(parts[i].controller)))
			parts[i].read(cgroup->v2, stats);
	stats_read_pressure(cgroup->v2, "cpu.pressure", &stats->cpu.pressure);
	stats_read_pressure(cgroup->v2, "memory.pressure", &stats->memory.pressure);
	stats_read_pressure(cgroup->v2, "io.pressure", &stats->blkio.pressure);
}
