/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_CGROUP_STOLEN_THREADS_H
#define HULL_CGROUP_STOLEN_THREADS_H

/* How long the threads of a group have waited for a CPU: the inside of cgroup/stolen.h. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "cgroup/kept_file.h"
#include "cgroup/place.h"

struct stolen_threads {
	struct stolen_thread *items; /* in the order of their ids */
	size_t count;
	struct cgroup_place *place;
	struct kept_file list; /* cgroup.threads, tasks */
	struct buffer text;    /* the ids as they were read last */
};

/* PLACE has to outlive the threads. 0, or a negative errno with a message. */
int stolen_threads_open(struct stolen_threads *threads, struct cgroup_place *place);

/*
 * Add to *WAIT (nanoseconds) how much longer than at the last reading they have
 * waited. 0, or a negative errno without a message: -E2BIG for more than
 * STOLEN_THREADS_MOST, -ENODEV when the group is gone.
 */
int stolen_threads_read(
	struct stolen_threads *threads, struct kept_files *kept, int proc_fd, uint64_t *wait);
void stolen_threads_free(struct stolen_threads *threads, struct kept_files *kept);

/* The second number of a schedstat file, or 0. Pure. */
uint64_t stolen_parse_delay(const char *text);

#endif
