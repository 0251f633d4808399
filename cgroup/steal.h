/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_CGROUP_STEAL_H
#define HULL_CGROUP_STEAL_H

/*
 * What was stolen from a group on one processor: the time that it had something to run there,
 * others ran, and none of it did. It is what KVM tells a guest about a virtual processor.
 *
 * It is neither what the group's threads waited (eight busy threads alone on a processor wait
 * for each other most of the time, and nothing is stolen) nor what others ran there (the group
 * may have slept meanwhile), but it is never more than either. So of each interval the lesser
 * of both counts; what is left of one is kept for a moment, since both come in lumps: the
 * kernel counts a wait when it is over, and idle time in hundredths of a second.
 */
#include <stdint.h>

#include "cgroup/thread_watch.h"

struct steal {
	int64_t others, waited; /* not matched yet, nanoseconds */
	uint64_t stolen;	/* the result */
};

/*
 * Of an interval of so many nanoseconds (at most an hour): for how much of it the processor was IDLE,
 * what the group RAN and what its threads WAITED there (the quota's part is taken off already).
 */
void steal_add(
	struct steal *steal, uint64_t interval, uint64_t idle, uint64_t ran, uint64_t waited);

/*
 * Takes off what the threads waited because of the group's quota. THROTTLED is by how
 * much the kernel's counter has grown: for each processor the time that it was closed to
 * the group, told when it is over. *CARRY keeps what was told and is not taken off yet.
 */
void steal_take_throttled(
	struct thread_cpu *cpus, unsigned int count, uint64_t throttled, uint64_t *carry);

#endif
