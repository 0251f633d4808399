/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A work queue that avoids a stalled processor.
 *
 * Each processor has a worker with a list of jobs of its own. The page of `hull run --whisper`
 * says which processors others have taken from us: no new job is put there, and what waits there
 * is done elsewhere. Without the page the queue works too, and knows nothing.
 *
 *	queue [JOBS [MICROSECONDS OF A JOB]]
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <hull/cpu.h>

#define WORKERS_MOST 64
#define JOBS_MOST    100000

struct worker {
	pthread_t thread;
	unsigned int cpu;
	uint64_t put[JOBS_MOST]; /* when each of its jobs came */
	unsigned int first, last;
	unsigned int done, taken; /* jobs of its own, and of a stalled one */
	uint64_t slowest, sum;	  /* from coming to done, nanoseconds */
};

static const struct hull_cpu_page *page;
static struct worker workers[WORKERS_MOST];
static unsigned int worker_count, jobs_left;
static uint64_t job_ns;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static uint64_t clock_now(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* Have others taken the processor from us? What was said long ago counts no more. */
static bool is_stalled(unsigned int cpu)
{
	struct hull_cpu_record record;
	struct hull_cpu_page now;

	return page && hull_cpu_read(page, &now) == 0 &&
	       clock_now(CLOCK_MONOTONIC) - now.updated_ns < 2 * now.interval_ns &&
	       hull_cpu_read_record(page, cpu, &record) == 0 && record.preempted;
}

static void put(unsigned int job)
{
	unsigned int at = job % worker_count;

	for (unsigned int i = 0; i < worker_count && is_stalled(workers[at].cpu); i++)
		at = (at + 1) % worker_count;
	pthread_mutex_lock(&lock);
	workers[at].put[workers[at].last++] = clock_now(CLOCK_MONOTONIC);
	pthread_mutex_unlock(&lock);
}

/* When the job came: one of its own, else one that waits on a stalled processor. 0: none. */
static uint64_t take(struct worker *worker)
{
	if (worker->first < worker->last) {
		worker->done++;
		return worker->put[worker->first++];
	}
	for (unsigned int i = 0; i < worker_count; i++) {
		struct worker *other = &workers[i];

		if (other->first < other->last && is_stalled(other->cpu)) {
			worker->taken++;
			return other->put[other->first++];
		}
	}
	return 0;
}

static void *work(void *argument)
{
	struct worker *worker = argument;
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(worker->cpu, &cpus);
	sched_setaffinity(0, sizeof(cpus), &cpus);
	for (;;) {
		uint64_t begin = clock_now(CLOCK_THREAD_CPUTIME_ID), put, took;
		bool end;

		pthread_mutex_lock(&lock);
		put = take(worker);
		end = !(jobs_left -= put > 0);
		pthread_mutex_unlock(&lock);
		while (put && clock_now(CLOCK_THREAD_CPUTIME_ID) - begin < job_ns)
			continue;
		took = put ? clock_now(CLOCK_MONOTONIC) - put : 0;
		worker->sum += took;
		worker->slowest = took > worker->slowest ? took : worker->slowest;
		if (end)
			return NULL;
		if (!put)
			nanosleep(&(struct timespec){ .tv_nsec = 500000 }, NULL);
	}
}

int main(int argc, char **argv)
{
	unsigned int jobs = argc > 1 ? (unsigned int)atoi(argv[1]) : 1000;
	cpu_set_t cpus;
	uint64_t sum = 0, slowest = 0;

	job_ns = (argc > 2 ? strtoull(argv[2], NULL, 10) : 1000) * 1000;
	page = hull_cpu_map(HULL_CPU_PATH);
	sched_getaffinity(0, sizeof(cpus), &cpus);
	for (unsigned int cpu = 0; cpu < CPU_SETSIZE && worker_count < WORKERS_MOST; cpu++)
		if (CPU_ISSET(cpu, &cpus))
			workers[worker_count++].cpu = cpu;
	jobs_left = jobs = jobs > JOBS_MOST ? JOBS_MOST : jobs;
	for (unsigned int i = 0; i < worker_count; i++)
		pthread_create(&workers[i].thread, NULL, work, &workers[i]);
	/* Half of what all processors could do. */
	for (unsigned int job = 0; job < jobs; job++) {
		put(job);
		nanosleep(&(struct timespec){ .tv_nsec = (long)(2 * job_ns / worker_count) }, NULL);
	}
	for (unsigned int i = 0; i < worker_count; i++) {
		const struct worker *worker = &workers[i];

		pthread_join(worker->thread, NULL);
		printf("cpu %u: %u jobs, %u taken from stalled processors\n", worker->cpu,
			worker->done, worker->taken);
		sum += worker->sum;
		slowest = worker->slowest > slowest ? worker->slowest : slowest;
	}
	printf("%u jobs, %.2f ms from coming to done, at most %.2f ms%s\n", jobs,
		(double)sum / jobs / 1e6, (double)slowest / 1e6, page ? "" : ", no whisper");
	return 0;
}
