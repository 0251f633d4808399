/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/stats/turns.h"

#define COST_FRACTION	1250   /* of a CPU: a fifth is left for what was not foreseen */
#define COST_CONTAINERS 100    /* for so many */
#define COST_LEAST	800000 /* nanoseconds of a sample, for so many or fewer */
#define LOOKS_LEAST	2
#define FEW		16 /* which cost no more than they may, all of them together */

/* The first two readings of each container are looks anyway: without two there are no rates. */
#define SAMPLES_FREE 2

static uint64_t cost_most(uint64_t interval, size_t count)
{
	uint64_t most = interval / COST_FRACTION;

	if (most < COST_LEAST)
		most = COST_LEAST;
	return count > COST_CONTAINERS ? most * count / COST_CONTAINERS : most;
}

void turns_begin(struct turns *turns, uint64_t time, uint64_t spent, size_t count)
{
	uint64_t cost = spent - turns->spent, most = cost_most(time - turns->time, count);

	if (turns->samples++ < SAMPLES_FREE || count <= FEW)
		turns->looks = SIZE_MAX;
	else if (cost > most)
		turns->looks = (size_t)(turns->looked * most / cost);
	else if (!turns_may_look(turns))
		turns->looks += turns->looks / 8 + 1;
	if (turns->looks < LOOKS_LEAST)
		turns->looks = LOOKS_LEAST;
	turns->time = time;
	turns->spent = spent;
	turns->looked = 0;
}

bool turns_may_look(const struct turns *turns)
{
	return turns->looked < turns->looks;
}
