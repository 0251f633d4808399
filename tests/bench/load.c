/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The payloads of tests/bench/fair, and what measures them.
 *
 *	load burn N		 N processes that spin
 *	load wake SECONDS	 wakes every 5 ms, works for 0.2 ms, says how late it was
 *	load measure SECONDS CPU FILE...
 *				 releases the others; how much each cgroup file counted meanwhile,
 *				 until all together have used so much (ten times as long at most)
 *
 * All meet at a barrier, the folder /barrier of the containers ($BARRIER of measure): each appends
 * a byte to `ready` and then waits to open the fifo `start`.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define SECOND	    1000000000ull
#define PERIOD	    5000000ull
#define WORK	    200000ull
#define FILES_MOST  16
#define SETTLE_TIME 300000000ull /* nobody's first slice counts */

static uint64_t now(clockid_t clock)
{
	struct timespec time;

	(void)clock_gettime(clock, &time);
	return (uint64_t)time.tv_sec * SECOND + (uint64_t)time.tv_nsec;
}

static void sleep_until(uint64_t moment)
{
	const struct timespec time = { (time_t)(moment / SECOND), (long)(moment % SECOND) };

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, NULL) == EINTR)
		continue;
}

static void die(const char *what)
{
	(void)fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void barrier_wait(void)
{
	int fd = open("/barrier/ready", O_WRONLY | O_APPEND | O_CLOEXEC);

	if (fd < 0 || write(fd, "r", 1) != 1)
		die("/barrier/ready");
	(void)close(fd);
	if (open("/barrier/start", O_RDONLY | O_CLOEXEC) < 0)
		die("/barrier/start");
}

static void burn(long processes)
{
	volatile unsigned long n = 0;

	while (--processes > 0 && fork() > 0)
		continue;
	barrier_wait();
	for (;;)
		n++;
}

static int compare(const void *a, const void *b)
{
	const uint64_t *left = a, *right = b;

	return (*left > *right) - (*left < *right);
}

static void wake(unsigned long seconds)
{
	size_t most = seconds * SECOND / PERIOD, count = 0;
	uint64_t *late = calloc(most + 1, sizeof(*late)), begin, next;

	if (!late || !most)
		die("wake");
	barrier_wait();
	begin = next = now(CLOCK_MONOTONIC) + SETTLE_TIME;
	while (count < most && next < begin + seconds * SECOND) {
		uint64_t woken, used;

		sleep_until(next);
		woken = now(CLOCK_MONOTONIC);
		late[count++] = woken - next;
		used = now(CLOCK_THREAD_CPUTIME_ID);
		while (now(CLOCK_THREAD_CPUTIME_ID) - used < WORK)
			continue;
		/* The next of the moments that are still to come. */
		do
			next += PERIOD;
		while (next < now(CLOCK_MONOTONIC));
	}
	qsort(late, count, sizeof(*late), compare);
	printf("%zu %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", count, late[count / 2],
		late[count * 99 / 100], late[count * 999 / 1000], late[count - 1]);
}

/* cpuacct.usage (v1), or cpu.stat (v2), nanoseconds. */
static uint64_t usage(const char *path)
{
	static const char key[] = "usage_usec ";
	FILE *file = fopen(path, "re");
	char text[64];

	if (!file || !fgets(text, sizeof(text), file))
		die(path);
	(void)fclose(file);
	return strncmp(text, key, strlen(key)) ? strtoull(text, NULL, 10)
					       : strtoull(text + strlen(key), NULL, 10) * 1000;
}

/* How long the processor was idle, nanoseconds. */
static uint64_t idle(unsigned int cpu)
{
	FILE *file = fopen("/proc/stat", "re");
	unsigned long long ticks = 0, waiting = 0;
	char line[512], name[24];

	if (!file)
		die("/proc/stat");
	(void)snprintf(name, sizeof(name), "cpu%u ", cpu);
	while (fgets(line, sizeof(line), file))
		if (!strncmp(line, name, strlen(name)))
			(void)sscanf(line, "%*s %*u %*u %*u %llu %llu", &ticks, &waiting);
	(void)fclose(file);
	return (ticks + waiting) * (SECOND / (unsigned long)sysconf(_SC_CLK_TCK));
}

/* The sum of all counters. */
static uint64_t usage_read(char **paths, int count, uint64_t *counters)
{
	uint64_t sum = 0;

	for (int i = 0; i < count; i++)
		sum += counters[i] = usage(paths[i]);
	return sum;
}

/* One line: the window, how long CPU was idle in it, and the growth of each file. */
static void measure(unsigned long seconds, unsigned int cpu, char **paths, int count)
{
	uint64_t before[FILES_MOST], after[FILES_MOST], begin, idle_before, used, end;
	const char *folder = getenv("BARRIER");
	char start[4096];
	int fd;

	if (!folder || count > FILES_MOST)
		die("measure");
	(void)snprintf(start, sizeof(start), "%s/start", folder);
	fd = open(start, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		die(start);
	sleep_until(now(CLOCK_MONOTONIC) + SETTLE_TIME);
	begin = now(CLOCK_MONOTONIC);
	idle_before = idle(cpu);
	used = usage_read(paths, count, before);
	end = begin;
	/* Others may have the processor, too: then it takes longer. */
	do
		sleep_until(end += seconds * SECOND);
	while (usage_read(paths, count, after) - used < seconds * SECOND * 19 / 20 &&
		end < begin + 10 * seconds * SECOND);
	printf("%" PRIu64 " %" PRIu64, now(CLOCK_MONOTONIC) - begin, idle(cpu) - idle_before);
	for (int i = 0; i < count; i++)
		printf(" %" PRIu64, after[i] - before[i]);
	printf("\n");
	(void)close(fd);
}

int main(int argc, char **argv)
{
	const char *mode = argc > 2 ? argv[1] : "";
	unsigned long number = argc > 2 ? strtoul(argv[2], NULL, 10) : 0;

	if (!strcmp(mode, "burn"))
		burn((long)number);
	else if (!strcmp(mode, "wake"))
		wake(number);
	else if (!strcmp(mode, "measure") && argc > 3)
		measure(number, (unsigned int)strtoul(argv[3], NULL, 10), argv + 4, argc - 4);
	else
		return 1;
	return 0;
}
