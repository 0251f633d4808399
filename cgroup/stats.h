/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_CGROUP_STATS_H
#define HULL_CGROUP_STATS_H

/*
 * What a container used, in the terms of runc's `events --stats`. The drivers
 * fill the struct with what their hierarchies tell; the rest stays 0.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/json.h"
#include "cgroup/place.h"

struct cgroup;

struct stats_list {
	uint64_t *items;
	size_t count;
};

struct stats_pressure {
	bool have;
	struct stats_pressure_line {
		double avg10, avg60, avg300; /* percent */
		uint64_t total;		     /* microseconds */
	} some, full;
};

struct stats_memory_entry {
	uint64_t limit, usage, max, failcnt; /* bytes; times */
};

struct stats_pair {
	char *key;
	uint64_t value;
};

struct stats_pairs {
	struct stats_pair *items;
	size_t count;
};

enum stats_blkio {
	BLKIO_SERVICE_BYTES,
	BLKIO_SERVICED,
	BLKIO_QUEUED,
	BLKIO_SERVICE_TIME,
	BLKIO_WAIT_TIME,
	BLKIO_MERGED,
	BLKIO_TIME,
	BLKIO_SECTORS,
	BLKIO_LISTS,
};

struct stats_blkio_list {
	struct stats_blkio_entry {
		uint64_t major, minor, value;
		char op[16]; /* "Read", "Write", … or "" */
	} *items;
	size_t count;
};

struct cgroup_stats {
	struct {
		uint64_t total, kernel, user;			      /* nanoseconds */
		struct stats_list percpu, percpu_kernel, percpu_user; /* nanoseconds */
		uint64_t periods, throttled_periods, throttled_time;  /* nanoseconds */
		struct stats_pressure pressure;
	} cpu;
	struct {
		struct stats_list cpus, mems;
	} cpuset;
	struct {
		uint64_t cache;						   /* bytes */
		struct stats_memory_entry usage, swap, kernel, kernel_tcp; /* swap: with memory */
		struct stats_pairs raw, events;
		struct stats_pressure pressure;
	} memory;
	struct {
		uint64_t current, limit; /* 0: none */
	} pids;
	struct {
		struct stats_blkio_list lists[BLKIO_LISTS];
		struct stats_pressure pressure;
	} blkio;
	struct {
		struct stats_hugetlb {
			char size[32];		      /* "2MB" */
			uint64_t usage, max, failcnt; /* bytes; times */
		} *items;
		size_t count;
	} hugetlb;
};

void cgroup_v1_stats(const struct cgroup *cgroup, struct cgroup_stats *stats);
void cgroup_v2_stats(const struct cgroup *cgroup, struct cgroup_stats *stats);

/* Parts of the drivers. What cannot be read stays as it is. */
void stats_read_number(struct cgroup_place *place, const char *file, uint64_t *number);
void stats_read_key(struct cgroup_place *place, const char *file, const char *key, uint64_t unit,
	uint64_t *number);
void stats_read_pairs(struct cgroup_place *place, const char *file, struct stats_pairs *pairs);
void stats_read_pressure(
	struct cgroup_place *place, const char *file, struct stats_pressure *pressure);

/* "psi", added to an object that is open; nothing when there is none. */
void stats_write_pressure(const struct stats_pressure *pressure, struct json_writer *writer);
uint64_t stats_pair(const struct stats_pairs *pairs, const char *key);
void stats_add_number(struct stats_list *list, uint64_t number);
void stats_add_blkio(struct stats_blkio_list *list, uint64_t major, uint64_t minor, const char *op,
	uint64_t value);

/* A list of CPUs or nodes such as "0-3,7". */
void stats_read_range(struct cgroup_place *place, const char *file, struct stats_list *list);

/* For each huge page size of the group; the ends of the files' names ("current"), or NULL. */
void stats_read_hugetlb(struct cgroup_place *place, struct cgroup_stats *stats, const char *usage,
	const char *max, const char *failcnt);

#endif
