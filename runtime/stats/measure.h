/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_RUNTIME_STATS_MEASURE_H
#define HULL_RUNTIME_STATS_MEASURE_H

/* One group that is measured again and again, and the arithmetic of rows: inside of sample.h. */
#include <stdbool.h>

#include "runtime/stats/sample.h"

struct measure {
	struct cgroup *cgroup;
	struct stolen_meter *meter; /* NULL: nothing counts what it uses */
	struct footprint_files files;
	struct stolen total, between;
	struct stolen look; /* between the last two looks at all of it */
	struct footprint footprint, before;
	unsigned int readings;
};

/* SAVED: as in state.json. A group that is none is fine. 0, or an error with a message. */
int measure_open(struct measure *measure, const char *id, const char *saved, bool of_threads,
	struct kept_files *kept);

/*
 * Without MAY_LOOK only the usage of one that does something is new; what was measured by the
 * last two looks stays as a rate. 1 when all was looked at, 0 when not, or -ENODEV without a message
 * when the group is gone.
 */
int measure_read(struct measure *measure, bool may_look, struct kept_files *kept);
void measure_close(struct measure *measure, struct kept_files *kept);

/* An empty row: all that is summed is 0, or not known when NAN stays. */
void stats_row_begin(struct stats_row *row);

/* Add what was measured in INTERVAL (seconds; 0: none) to the row's sums. */
void stats_row_add(struct stats_row *row, const struct measure *measure, double interval);

/* FIRST + SECOND, where NAN is no number to add. */
double stats_sum(double first, double second);

/* The machine: what /proc/stat has told between two readings. */
struct host_times {
	uint64_t all, idle, steal; /* ticks */
};

void host_read(struct host_times *times, struct stats_host *host);

/* The first line of /proc/stat. Pure. */
bool host_parse(const char *text, struct host_times *times);

#endif
