/* SPDX-License-Identifier: Apache-2.0 */

/* What v1's controllers tell of a container. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "cgroup/driver.h"

static void v1_cpu(struct cgroup_place *place, struct cgroup_stats *stats)
{
	stats_read_key(place, "cpu.stat", "nr_periods", 1, &stats->cpu.periods);
	stats_read_key(place, "cpu.stat", "nr_throttled", 1, &stats->cpu.throttled_periods);
	stats_read_key(place, "cpu.stat", "throttled_time", 1, &stats->cpu.throttled_time);
}

/* Lines "CPU USER SYSTEM" in nanoseconds, below a header. */
static void v1_percpu(struct cgroup_place *place, struct cgroup_stats *stats)
{
	_cleanup_buffer_ struct buffer text = { 0 };
	unsigned long long user, kernel;
	char *line;

	if (place_read(place, "cpuacct.usage_all", &text) < 0)
		return;
	for (line = strchr(text.data, '\n'); line; line = strchr(line + 1, '\n')) {
		if (sscanf(line, "\n%*u %llu %llu", &user, &kernel) != 2)
			return;
		stats_add_number(&stats->cpu.percpu_user, user);
		stats_add_number(&stats->cpu.percpu_kernel, kernel);
		stats_add_number(&stats->cpu.percpu, user + kernel);
	}
}

static void v1_cpuacct(struct cgroup_place *place, struct cgroup_stats *stats)
{
	uint64_t tick = 1000000000ull / (uint64_t)sysconf(_SC_CLK_TCK);

	stats_read_number(place, "cpuacct.usage", &stats->cpu.total);
	stats_read_key(place, "cpuacct.stat", "user", tick, &stats->cpu.user);
	stats_read_key(place, "cpuacct.stat", "system", tick, &stats->cpu.kernel);
	v1_percpu(place, stats);
}

static void v1_cpuset(struct cgroup_place *place, struct cgroup_stats *stats)
{
	stats_read_range(place, "cpuset.cpus", &stats->cpuset.cpus);
	stats_read_range(place, "cpuset.mems", &stats->cpuset.mems);
}

static void v1_memory(struct cgroup_place *place, struct cgroup_stats *stats)
{
	const struct {
		const char *prefix;
		struct stats_memory_entry *entry;
	} entries[] = {
		{ "memory", &stats->memory.usage },
		{ "memory.memsw", &stats->memory.swap },
		{ "memory.kmem", &stats->memory.kernel },
		{ "memory.kmem.tcp", &stats->memory.kernel_tcp },
	};

	for (size_t i = 0; i < ARRAY_SIZE(entries); i++) {
		const struct {
			const char *name;
			uint64_t *value;
		} files[] = {
			{ "limit_in_bytes", &entries[i].entry->limit },
			{ "usage_in_bytes", &entries[i].entry->usage },
			{ "max_usage_in_bytes", &entries[i].entry->max },
			{ "failcnt", &entries[i].entry->failcnt },
		};

		for (size_t j = 0; j < ARRAY_SIZE(files); j++) {
			_cleanup_free_ char *file =
				string_format("%s.%s", entries[i].prefix, files[j].name);

			stats_read_number(place, file, files[j].value);
		}
	}
	stats_read_pairs(place, "memory.stat", &stats->memory.raw);
	stats->memory.cache = stats_pair(&stats->memory.raw, "cache");
}

static void v1_pids(struct cgroup_place *place, struct cgroup_stats *stats)
{
	stats_read_number(place, "pids.current", &stats->pids.current);
	stats_read_number(place, "pids.max", &stats->pids.limit);
	if (stats->pids.limit == UINT64_MAX)
		stats->pids.limit = 0;
}

/* Lines "MAJOR:MINOR OP VALUE" or "MAJOR:MINOR VALUE"; others are sums. */
static void v1_blkio_file(
	struct cgroup_place *place, const char *file, struct stats_blkio_list *list)
{
	_cleanup_buffer_ struct buffer text = { 0 };

	if (place_read(place, file, &text) < 0)
		return;
	for (char *line = text.data; line && *line; line = strchr(line, '\n'), line += !!line) {
		unsigned long long major, minor, value;
		char op[16] = "";

		if (sscanf(line, "%llu:%llu %15[A-Za-z] %llu", &major, &minor, op, &value) == 4 ||
			(op[0] = '\0', sscanf(line, "%llu:%llu %llu", &major, &minor, &value) == 3))
			stats_add_blkio(list, major, minor, op, value);
	}
}

/* The scheduler's accounting (CFQ's, BFQ's) when it counts, else the throttler's. */
static void v1_blkio(struct cgroup_place *place, struct cgroup_stats *stats)
{
	static const char *const names[BLKIO_LISTS] = { "io_service_bytes", "io_serviced",
		"io_queued", "io_service_time", "io_wait_time", "io_merged", "time", "sectors" };
	static const char *const prefixes[] = { "blkio", "blkio.bfq", "blkio.throttle" };

	for (size_t i = 0; i < BLKIO_LISTS; i++)
		for (size_t j = 0; j < ARRAY_SIZE(prefixes); j++) {
			_cleanup_free_ char *file =
				string_format("%s.%s_recursive", prefixes[j], names[i]);

			if (!stats->blkio.lists[i].count)
				v1_blkio_file(place, file, &stats->blkio.lists[i]);
		}
}

static void v1_hugetlb(struct cgroup_place *place, struct cgroup_stats *stats)
{
	stats_read_hugetlb(place, stats, "usage_in_bytes", "max_usage_in_bytes", "failcnt");
}

void cgroup_v1_stats(const struct cgroup *cgroup, struct cgroup_stats *stats)
{
	static const struct {
		enum controller controller;
		void (*read)(struct cgroup_place *place, struct cgroup_stats *stats);
	} parts[] = {
		{ CONTROLLER_CPU, v1_cpu },
		{ CONTROLLER_CPUACCT, v1_cpuacct },
		{ CONTROLLER_CPUSET, v1_cpuset },
		{ CONTROLLER_MEMORY, v1_memory },
		{ CONTROLLER_PIDS, v1_pids },
		{ CONTROLLER_BLKIO, v1_blkio },
		{ CONTROLLER_HUGETLB, v1_hugetlb },
	};

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		struct cgroup_place *place = cgroup_v1_place(cgroup, parts[i].controller);

		if (place)
			parts[i].read(place, stats);
	}
}
