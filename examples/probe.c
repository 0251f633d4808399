/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A latency probe that subtracts stolen time.
 *
 * It does the same piece of work again and again and measures how long each took. A program
 * alone cannot tell "my code was slow" from "others had the processor"; with the page of
 * `hull run --whisper` it can: what others took is subtracted. The page is some milliseconds
 * old, so that is done over a whole second of work and not for a single piece.
 *
 *	probe [SECONDS [MICROSECONDS A PIECE]]
 */
#define _GNU_SOURCE
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <hull/cpu.h>

static uint64_t clock_now(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* So much processor time; what is measured is how long that takes by the clock. */
static void piece(uint64_t nanoseconds)
{
	uint64_t begin = clock_now(CLOCK_THREAD_CPUTIME_ID);

	while (clock_now(CLOCK_THREAD_CPUTIME_ID) - begin < nanoseconds)
		continue;
}

/* What was taken from us so far, by others and by our own quota. */
static uint64_t taken(const struct hull_cpu_page *page, struct hull_cpu_page *now)
{
	return page && hull_cpu_read(page, now) == 0 ? now->steal_ns + now->throttled_ns : 0;
}

int main(int argc, char **argv)
{
	int seconds = argc > 1 ? atoi(argv[1]) : 5;
	uint64_t size = (argc > 2 ? strtoull(argv[2], NULL, 10) : 1000) * 1000;
	const struct hull_cpu_page *page = hull_cpu_map(HULL_CPU_PATH);
	struct hull_cpu_page last = { 0 }, now = { 0 };
	uint64_t before = taken(page, &last);

	if (!page)
		puts("no whisper: nothing is subtracted");
	printf("%10s %14s %14s %14s %14s\n", "pieces", "mean us", "worst us", "stolen ms",
		"mean less stolen us");
	for (int i = 0; i < seconds; i++) {
		uint64_t begin = clock_now(CLOCK_MONOTONIC), end = begin, worst = 0, lost;
		unsigned int count = 0;

		while (end - begin < 1000000000u) {
			uint64_t start = end;

			piece(size);
			end = clock_now(CLOCK_MONOTONIC);
			worst = end - start > worst ? end - start : worst;
			count++;
		}
		lost = taken(page, &now) - before;
		before += lost;
		printf("%10u %14.1f %14.1f %14.1f %14.1f\n", count,
			(double)(end - begin) / count / 1e3, (double)worst / 1e3,
			(double)lost / 1e6, ((double)(end - begin) - (double)lost) / count / 1e3);
		fflush(stdout);
	}
	if (page)
		printf("entitled to %.2f processors, used %.2f s in all\n",
			(double)now.entitled_ppm / 1e6, (double)now.usage_ns / 1e9);
	return 0;
}
