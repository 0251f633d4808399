/* SPDX-License-Identifier: Apache-2.0 */
#include "cgroup/stats.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "cgroup/driver.h"

#define CPUS_MOST 65536

void stats_read_number(struct cgroup_place *place, const char *file, uint64_t *number)
{
	uint64_t read;

	if (place_read_number(place, file, &read) >= 0)
		*number = read;
}

void stats_read_key(struct cgroup_place *place, const char *file, const char *key, uint64_t unit,
	uint64_t *number)
{
	uint64_t read;

	if (place_read_key(place, file, key, &read) >= 0)
		*number = read * unit;
}

void stats_read_pairs(struct cgroup_place *place, const char *file, struct stats_pairs *pairs)
{
	_cleanup_buffer_ struct buffer text = { 0 };

	if (place_read(place, file, &text) < 0)
		return;
	for (const char *line = text.data; *line; line += *line == '\n') {
		size_t length = strcspn(line, " \n");

		if (line[length] == ' ') {
			pairs->items = memory_resize(
				pairs->items, (pairs->count + 1) * sizeof(*pairs->items));
			pairs->items[pairs->count++] = (struct stats_pair){
				.key = string_format("%.*s", (int)length, line),
				.value = strtoull(line + length, NULL, 10),
			};
		}
		line += strcspn(line, "\n");
	}
}

uint64_t stats_pair(const struct stats_pairs *pairs, const char *key)
{
	for (size_t i = 0; i < pairs->count; i++)
		if (!strcmp(pairs->items[i].key, key))
			return pairs->items[i].value;
	return 0;
}

void stats_add_number(struct stats_list *list, uint64_t number)
{
	list->items = memory_resize(list->items, (list->count + 1) * sizeof(*list->items));
	list->items[list->count++] = number;
}

void stats_add_blkio(struct stats_blkio_list *list, uint64_t major, uint64_t minor, const char *op,
	uint64_t value)
{
	struct stats_blkio_entry *entry;

	list->items = memory_resize(list->items, (list->count + 1) * sizeof(*list->items));
	entry = &list->items[list->count++];
	*entry = (struct stats_blkio_entry){ .major = major, .minor = minor, .value = value };
	(void)snprintf(entry->op, sizeof(entry->op), "%s", op);
}

void stats_read_range(struct cgroup_place *place, const char *file, struct stats_list *list)
{
	_cleanup_buffer_ struct buffer text = { 0 };

	if (place_read(place, file, &text) < 0)
		return;
	for (char *at = text.data; *at >= '0' && *at <= '9';) {
		unsigned long first = strtoul(at, &at, 10);
		unsigned long last = *at == '-' ? strtoul(at + 1, &at, 10) : first;

		for (; first <= last && list->count < CPUS_MOST; first++)
			stats_add_number(list, first);
		at += *at == ',';
	}
}

static void hugetlb_add(struct cgroup_place *place, struct cgroup_stats *stats, const char *size,
	const char *const names[3])
{
	struct stats_hugetlb *entry;
	uint64_t *values[3];

	stats->hugetlb.items =
		memory_resize(stats->hugetlb.items, (stats->hugetlb.count + 1) * sizeof(*entry));
	entry = &stats->hugetlb.items[stats->hugetlb.count++];
	*entry = (struct stats_hugetlb){ 0 };
	(void)snprintf(entry->size, sizeof(entry->size), "%s", size);
	values[0] = &entry->usage;
	values[1] = &entry->max;
	values[2] = &entry->failcnt;
	for (int i = 0; i < 3; i++) {
		if (!names[i])
			continue;
		_cleanup_free_ char *used = string_format("hugetlb.%s.%s", size, names[i]);
		/* Limits act on the accounting of reservations where the kernel has it (5.7). */
		_cleanup_free_ char *reserved = string_format("hugetlb.%s.rsvd.%s", size, names[i]);

		if (!strncmp(names[i], "events", 6))
			stats_read_key(place, used, "max", 1, values[i]);
		else
			stats_read_number(
				place, place_has(place, reserved) ? reserved : used, values[i]);
	}
}

void stats_read_hugetlb(struct cgroup_place *place, struct cgroup_stats *stats, const char *usage,
	const char *max, const char *failcnt)
{
	const char *const names[3] = { usage, max, failcnt };
	DIR *folder = place_open(place) < 0 ? NULL
					    : fdopendir(openat(place->group_fd, ".",
						      O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	struct dirent *entry;

	while (folder && (entry = readdir(folder))) {
		char size[32];
		int end = 0;

		/* "hugetlb.2MB.current", but not "hugetlb.2MB.rsvd.current" */
		if (sscanf(entry->d_name, "hugetlb.%31[0-9KMGTB].%n", size, &end) == 1 && end &&
			!strcmp(entry->d_name + end, usage))
			hugetlb_add(place, stats, size, names);
	}
	if (folder)
		(void)closedir(folder);
}

static void stats_free(struct cgroup_stats *stats)
{
	struct stats_list *lists[] = { &stats->cpu.percpu, &stats->cpu.percpu_kernel,
		&stats->cpu.percpu_user, &stats->cpuset.cpus, &stats->cpuset.mems };
	struct stats_pairs *pairs[] = { &stats->memory.raw, &stats->memory.events };

	for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
		free(lists[i]->items);
	for (size_t i = 0; i < ARRAY_SIZE(pairs); i++) {
		for (size_t j = 0; j < pairs[i]->count; j++)
			free(pairs[i]->items[j].key);
		free(pairs[i]->items);
	}
	for (size_t i = 0; i < BLKIO_LISTS; i++)
		free(stats->blkio.lists[i].items);
	free(stats->hugetlb.items);
}

static void write_numbers(
	struct json_writer *writer, const char *key, const struct stats_list *list)
{
	if (!list->count)
		return;
	json_begin_array(writer, key);
	for (size_t i = 0; i < list->count; i++)
		json_write_unsigned(writer, NULL, list->items[i]);
	json_end_array(writer);
}

static void write_pairs(
	struct json_writer *writer, const char *key, const struct stats_pairs *pairs)
{
	if (!pairs->count)
		return;
	json_begin_object(writer, key);
	for (size_t i = 0; i < pairs->count; i++)
		json_write_unsigned(writer, pairs->items[i].key, pairs->items[i].value);
	json_end_object(writer);
}

static void write_pressure_line(
	struct json_writer *writer, const char *key, const struct stats_pressure_line *line)
{
	json_begin_object(writer, key);
	json_write_double(writer, "avg10", line->avg10);
	json_write_double(writer, "avg60", line->avg60);
	json_write_double(writer, "avg300", line->avg300);
	json_write_unsigned(writer, "total", line->total);
	json_end_object(writer);
}

void stats_write_pressure(const struct stats_pressure *pressure, struct json_writer *writer)
{
	if (!pressure->have)
		return;
	json_begin_object(writer, "psi");
	write_pressure_line(writer, "some", &pressure->some);
	write_pressure_line(writer, "full", &pressure->full);
	json_end_object(writer);
}

static void write_cpu(struct json_writer *writer, const struct cgroup_stats *stats)
{
	json_begin_object(writer, "cpu");
	json_begin_object(writer, "usage");
	json_write_unsigned(writer, "total", stats->cpu.total);
	write_numbers(writer, "percpu", &stats->cpu.percpu);
	write_numbers(writer, "percpu_kernel", &stats->cpu.percpu_kernel);
	write_numbers(writer, "percpu_user", &stats->cpu.percpu_user);
	json_write_unsigned(writer, "kernel", stats->cpu.kernel);
	json_write_unsigned(writer, "user", stats->cpu.user);
	json_end_object(writer);
	json_begin_object(writer, "throttling");
	json_write_unsigned(writer, "periods", stats->cpu.periods);
	json_write_unsigned(writer, "throttledPeriods", stats->cpu.throttled_periods);
	json_write_unsigned(writer, "throttledTime", stats->cpu.throttled_time);
	json_end_object(writer);
	stats_write_pressure(&stats->cpu.pressure, writer);
	json_end_object(writer);
	json_begin_object(writer, "cpuset");
	write_numbers(writer, "cpus", &stats->cpuset.cpus);
	write_numbers(writer, "mems", &stats->cpuset.mems);
	json_end_object(writer);
}

static void write_memory_entry(
	struct json_writer *writer, const char *key, const struct stats_memory_entry *entry)
{
	json_begin_object(writer, key);
	json_write_unsigned(writer, "limit", entry->limit);
	json_write_unsigned(writer, "usage", entry->usage);
	json_write_unsigned(writer, "max", entry->max);
	json_write_unsigned(writer, "failcnt", entry->failcnt);
	json_end_object(writer);
}

static void write_memory(struct json_writer *writer, const struct cgroup_stats *stats)
{
	json_begin_object(writer, "memory");
	json_write_unsigned(writer, "cache", stats->memory.cache);
	write_memory_entry(writer, "usage", &stats->memory.usage);
	write_memory_entry(writer, "swap", &stats->memory.swap);
	write_memory_entry(writer, "kernel", &stats->memory.kernel);
	write_memory_entry(writer, "kernelTCP", &stats->memory.kernel_tcp);
	write_pairs(writer, "raw", &stats->memory.raw);
	write_pairs(writer, "event_count", &stats->memory.events);
	stats_write_pressure(&stats->memory.pressure, writer);
	json_end_object(writer);
}

static void write_blkio(struct json_writer *writer, const struct cgroup_stats *stats)
{
	static const char *const names[BLKIO_LISTS] = { "ioServiceBytesRecursive",
		"ioServicedRecursive", "ioQueueRecursive", "ioServiceTimeRecursive",
		"ioWaitTimeRecursive", "ioMergedRecursive", "ioTimeRecursive", "sectorsRecursive" };

	json_begin_object(writer, "blkio");
	for (size_t i = 0; i < BLKIO_LISTS; i++) {
		const struct stats_blkio_list *list = &stats->blkio.lists[i];

		if (list->count)
			json_begin_array(writer, names[i]);
		for (size_t j = 0; j < list->count; j++) {
			json_begin_object(writer, NULL);
			json_write_unsigned(writer, "major", list->items[j].major);
			json_write_unsigned(writer, "minor", list->items[j].minor);
			if (list->items[j].op[0])
				json_write_string(writer, "op", list->items[j].op);
			json_write_unsigned(writer, "value", list->items[j].value);
			json_end_object(writer);
		}
		if (list->count)
			json_end_array(writer);
	}
	stats_write_pressure(&stats->blkio.pressure, writer);
	json_end_object(writer);
}

static void write_hugetlb(struct json_writer *writer, const struct cgroup_stats *stats)
{
	json_begin_object(writer, "hugetlb");
	for (size_t i = 0; i < stats->hugetlb.count; i++) {
		const struct stats_hugetlb *entry = &stats->hugetlb.items[i];

		json_begin_object(writer, entry->size);
		json_write_unsigned(writer, "usage", entry->usage);
		json_write_unsigned(writer, "max", entry->max);
		json_write_unsigned(writer, "failcnt", entry->failcnt);
		json_end_object(writer);
	}
	json_end_object(writer);
}

int cgroup_write_stats(const struct cgroup *cgroup, struct json_writer *writer)
{
	struct cgroup_place *place = cgroup->v2 ? cgroup->v2 : &cgroup->v1[0];
	struct cgroup_stats stats = { 0 };
	int r;

	if (cgroup_is_none(cgroup))
		return error_set(EOPNOTSUPP,
			"the container has no cgroup, and without one nothing counts what it uses");
	r = place_open(place);
	if (r < 0)
		return r;
	cgroup->driver->stats(cgroup, &stats);
	write_cpu(writer, &stats);
	write_memory(writer, &stats);
	json_begin_object(writer, "pids");
	json_write_unsigned(writer, "current", stats.pids.current);
	json_write_unsigned(writer, "limit", stats.pids.limit);
	json_end_object(writer);
	write_blkio(writer, &stats);
	write_hugetlb(writer, &stats);
	stats_free(&stats);
	return 0;
}
