// SPDX-License-Identifier: Apache-2.0
/*
 * spinner: measures from inside how much of the CPU it did not get.
 *
 *   spinner FIFO MILLISECONDS
 *
 * It waits until somebody has opened the FIFO for writing, then asks for the time again and again
 * for so long, prints "WALL LOST USED" (nanoseconds) and waits for a signal to end it. LOST is the
 * sum of the gaps between two answers that are longer than GAP: whoever runs sees the time every
 * few ten nanoseconds, and an interrupt takes microseconds. USED is what the kernel counted.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define GAP 250000 /* nanoseconds */

static uint64_t now(clockid_t clock)
{
	struct timespec time;

	clock_gettime(clock, &time);
	return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

int main(int argc, char **argv)
{
	uint64_t begin, last, end, lost = 0, used;

	if (argc != 3 || open(argv[1], O_RDONLY | O_CLOEXEC) < 0) {
		fprintf(stderr, "usage: spinner FIFO MILLISECONDS\n");
		return 1;
	}
	used = now(CLOCK_THREAD_CPUTIME_ID);
	begin = last = now(CLOCK_MONOTONIC);
	end = begin + strtoull(argv[2], NULL, 10) * 1000000u;
	while (last < end) {
		uint64_t time = now(CLOCK_MONOTONIC);

		if (time - last > GAP)
			lost += time - last;
		last = time;
	}
	printf("%llu %llu %llu\n", (unsigned long long)(last - begin), (unsigned long long)lost,
		(unsigned long long)(now(CLOCK_THREAD_CPUTIME_ID) - used));
	fflush(stdout);
	pause();
	return 0;
}
