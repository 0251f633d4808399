/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_CGROUP_CPU_TIMES_H
#define HULL_CGROUP_CPU_TIMES_H

/*
 * What a group used of the processors and which processes it has, for whoever asks
 * hundreds of times a second: the files stay open.
 */
#include <stdint.h>

#include "cgroup/cgroup.h"

struct cpu_times {
	uint64_t usage; /* nanoseconds */
	uint64_t
		throttled; /* nanoseconds, summed over the processors; 0 without a cpu controller */
};

struct cpu_meter {
	const struct cgroup *cgroup;
	int usage_fd, throttled_fd, group_fd, processes_fd;
	const char *usage_key, *throttled_key; /* the word in front; NULL: the file is the number */
};

/* CGROUP has to outlive it. 0, or a negative errno with a message: -EOPNOTSUPP where nothing counts. */
int cpu_meter_open(struct cpu_meter *meter, const struct cgroup *cgroup);

/*
 * A descriptor that has POLLPRI when the group has waited for a processor, at most two seconds
 * after it did, and POLLERR when the group is gone; or -EBADF where there is no pressure.
 */
int cpu_meter_open_waits(const struct cgroup *cgroup);

/* 0, or -ENODEV, without a message, when the group is gone. */
int cpu_meter_read(const struct cpu_meter *meter, struct cpu_times *times);

/* As cgroup_processes, which walks through folders: here only when there are groups below. */
int cpu_meter_processes(const struct cpu_meter *meter, pid_t **pids, size_t *count);

#endif
