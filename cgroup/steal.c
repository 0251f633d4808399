/* SPDX-License-Identifier: Apache-2.0 */
#include "cgroup/steal.h"

#define MILLISECOND 1000000ll
#define LUMP	    (20 * MILLISECOND) /* two ticks of the clock that idle time is counted by */
/* A quota's period is at most a second. */
#define CARRY_MOST (1000 * MILLISECOND)

static int64_t within(int64_t value, int64_t least, int64_t most)
{
	return value < least ? least : value > most ? most : value;
}

void steal_add(struct steal *steal, uint64_t interval, uint64_t idle, uint64_t ran, uint64_t waited)
{
	int64_t most = LUMP + 2 * (int64_t)interval, taken;

	steal->others = within(
		steal->others + (int64_t)interval - (int64_t)idle - (int64_t)ran, -most, most);
	steal->waited = within(steal->waited + (int64_t)waited, 0, most);
	taken = steal->others < steal->waited ? steal->others : steal->waited;
	if (taken <= 0)
		return;
	steal->others -= taken;
	steal->waited -= taken;
	steal->stolen += (uint64_t)taken;
}

void steal_take_throttled(
	struct thread_cpu *cpus, unsigned int count, uint64_t throttled, uint64_t *carry)
{
	uint64_t waited = 0, runnable = 0, closed = 0, take;

	for (unsigned int i = 0; i < count; i++) {
		waited += cpus[i].waited;
		runnable += cpus[i].runnable;
		closed += cpus[i].runnable > 0;
	}
	/* Each thread that is queued on a closed processor waits as long as that is closed. */
	*carry += closed ? throttled * runnable / closed : throttled;
	if (*carry > CARRY_MOST * (closed ? closed : 1))
		*carry = CARRY_MOST * (closed ? closed : 1);
	take = *carry < waited ? *carry : waited;
	*carry -= take;
	for (unsigned int i = 0; i < count && waited; i++)
		cpus[i].waited -=
			(uint64_t)((double)cpus[i].waited * ((double)take / (double)waited));
}
