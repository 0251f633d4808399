/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_RUNTIME_STATS_TURNS_H
#define HULL_RUNTIME_STATS_TURNS_H

/*
 * What statistics cost is bounded: a sample takes a thousandth of a CPU for each hundred containers,
 * and may take what that is for a hundred at a sample a second. Where a look at all that
 * do something (their threads, pressure, memory: stolen_meter_read) is more, they take turns.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct turns {
	size_t looks;  /* that the next sample may take */
	size_t looked; /* that this one has taken */
	size_t first;  /* whose turn is the first */
	unsigned int samples;
	uint64_t time,
		spent; /* CLOCK_MONOTONIC, CPU time of this process; at the last turns_begin */
};

/*
 * A sample of COUNT containers begins at TIME, after this process has used SPENT of the CPUs, both
 * nanoseconds. Pure.
 */
void turns_begin(struct turns *turns, uint64_t time, uint64_t spent, size_t count);

/* May the next in turn be looked at? */
bool turns_may_look(const struct turns *turns);

#endif
