/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_CGROUP_THREAD_WATCH_H
#define HULL_CGROUP_THREAD_WATCH_H

/*
 * What threads did on each processor since the last look, and whether they run there at
 * this moment, from procfs alone: /proc/PID/task/TID/schedstat (time run, time runnable but
 * not running) and stat (state, processor). Needs no privileges. A look costs about five
 * microseconds a thread.
 *
 * At most THREADS_MOST threads are looked at: a container can have any number.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define THREADS_MOST 4096

struct thread_cpu {
	uint64_t ran, waited;  /* nanoseconds, of all threads together */
	unsigned int runnable; /* threads that want to run here now */
	bool running;	       /* one of them does */
};

struct thread_watch;

/* PROC_FD is procfs, and stays the caller's. */
struct thread_watch *thread_watch_new(int proc_fd, unsigned int cpus);

/* Look at the threads of the processes at time NOW (CLOCK_MONOTONIC, ns); fills CPUS. */
void thread_watch_look(struct thread_watch *watch, const pid_t *pids, size_t count, uint64_t now,
	struct thread_cpu *cpus);

/* Field 3 (state) and field 39 (processor) of a proc_pid_stat(5) line; false when it is none. Pure. */
bool thread_stat_parse(const char *text, char *state, unsigned int *cpu);

#endif
