/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gap MIB FILE: holds so many MiB of memory that does not compress, looks at the clock every
 * millisecond, and writes to FILE the longest time that it did not get to, in microseconds.
 * SIGUSR1 begins anew. What a checkpoint and restore take shows in it as seen from inside.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static volatile sig_atomic_t anew = 1;
static uint64_t *memory;

static void begin_anew(int number)
{
	(void)number;
	anew = 1;
}

static int64_t microseconds(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec * 1000000LL + now.tv_nsec / 1000;
}

static void fill(uint64_t *words, size_t count)
{
	uint64_t state = 88172645463325252ULL;

	for (size_t i = 0; i < count; i++) {
		state ^= state << 13;
		state ^= state >> 7;
		state ^= state << 17;
		words[i] = state;
	}
}

int main(int count, char **words)
{
	const struct timespec pause = { .tv_nsec = 1000000 };
	size_t bytes = count == 3 ? strtoul(words[1], NULL, 10) << 20 : 0;
	int fd = count == 3 ? open(words[2], O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0644) : -1;
	int64_t last = 0, longest = 0;

	memory = malloc(bytes + 1);
	if (fd < 0 || !memory || signal(SIGUSR1, begin_anew) == SIG_ERR)
		return 1;
	fill(memory, bytes / sizeof(*memory));
	for (;;) {
		int64_t now = microseconds();

		if (anew) {
			anew = 0;
			longest = 0;
		} else if (now - last > longest) {
			longest = now - last;
			(void)dprintf(fd, "%lld\n", (long long)longest);
		}
		last = now;
		(void)nanosleep(&pause, NULL);
	}
}
