/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_CGROUP_STOLEN_H
#define HULL_CGROUP_STOLEN_H

/*
 * What a group got of the CPUs, and what it wanted and did not get.
 *
 * Where the numbers come from, and how true they are:
 *
 *   usage      cpuacct.usage (v1), cpu.stat (v2): exact.
 *   wait       for how long threads were runnable and did not run. The sum of
 *              run_delay in /proc/TID/schedstat, exact to the nanosecond for a
 *              thread that lives; what a thread waited since it was last looked at
 *              is lost with it. /proc forgets the dead, and taskstats would have
 *              to be listened to when they die. So `some` is the lower bound
 *              (the kernel counts it for whoever lived), and the greater of both
 *              is the wait. Of more than STOLEN_THREADS_MOST threads it is `some` alone.
 *   some, full wall time in which at least one thread waited, or in which threads
 *              waited and none ran (cpu.pressure): `full` is what others took from
 *              the group as a whole, while threads of one group that wait for each
 *              other count in `some` and in `wait`. Over several CPUs the kernel
 *              takes a mean. Needs a v2 group: on v2 and hybrid.
 *   throttled  for how long a quota, its own or that of a group above, held it back;
 *              the sum over the CPUs (cpu.stat.local, Linux 6.7; older kernels: of
 *              its own quota, cpu.stat). Throttled threads wait: wait, some and full
 *              include it.
 *
 * All of it includes the groups below but throttled.
 */
#include <stdbool.h>
#include <stdint.h>

#include "cgroup/cgroup.h"
#include "cgroup/kept_file.h"

#define STOLEN_THREADS_MOST 1024

enum stolen_source { STOLEN_UNKNOWN, STOLEN_OF_PRESSURE, STOLEN_OF_THREADS };

extern const char *const stolen_source_names[]; /* "unknown", "pressure", "run_delay" */

/* Times are nanoseconds. */
struct stolen {
	uint64_t
		time; /* CLOCK_MONOTONIC when it was read; of two readings, between them; 0: then */
	uint64_t looked; /* the same of all that follows the usage, which may be older */
	uint64_t usage;
	uint64_t wait; /* never less than at the last reading */
	uint64_t some, full;
	uint64_t throttled;
	uint64_t periods, throttled_periods; /* of its own quota */
	uint32_t threads;		     /* that wait is the sum of; 0 when it is not */
	enum stolen_source source;	     /* of wait */
	bool has_pressure;
};

struct stolen_meter;

/*
 * A meter for CGROUP, which has to outlive it; KEPT is what its files share with others.
 * Without OF_THREADS no thread is looked at, and the wait is `some`.
 * 0, or a negative errno with a message: -EOPNOTSUPP without a cgroup.
 */
int stolen_meter_open(struct stolen_meter **meter, const struct cgroup *cgroup, bool of_threads,
	struct kept_files *kept);

/*
 * A group that has rested for long is read at every second call: between two of its readings
 * the totals and their time stay. Of one that does something the usage alone is read when
 * MAY_LOOK is false, which costs a tenth: all else, and when that was looked at, stays.
 *
 * The totals: since the group was made; wait (run_delay) of the threads that lived at
 * the first reading, and of all since. 1 when all of it was looked at, 0 when that was not needed
 * or not allowed, or -ENODEV without a message when the group is gone.
 */
int stolen_meter_read(struct stolen_meter *meter, bool may_look, struct stolen *now);
void stolen_meter_close(struct stolen_meter **meter);

#define _cleanup_stolen_meter_ __attribute__((cleanup(stolen_meter_close)))

/* NOW minus BEFORE; a number that went back is 0. Pure. */
struct stolen stolen_between(const struct stolen *before, const struct stolen *now);

/* The totals of `some` and `full` in a file like cpu.pressure, in nanoseconds. Pure. */
bool stolen_parse_pressure(const char *text, uint64_t *some, uint64_t *full);

/*
 * How much of WAIT is new after an interval (nanoseconds) in which the threads' sum
 * grew by THREADS and pressure by SOME. A thread's delay is counted when the thread
 * runs again, pressure at once: *DEBT is what pressure said first. Pure.
 */
uint64_t stolen_join(uint64_t threads, uint64_t some, uint64_t interval, uint64_t *debt);

#endif
