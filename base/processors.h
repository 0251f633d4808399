/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_BASE_PROCESSORS_H
#define HULL_BASE_PROCESSORS_H

/*
 * The machine's processors, whichever of them this process may use: sysconf(3)
 * of musl knows only those.
 */
#include <sched.h>

/* A list as the kernel writes them, "0-2,5\n"; how many there are. Those beyond the set are left out. */
int processors_parse(const char *text, cpu_set_t *cpus);

/* Those that run now; where /sys does not tell, those that this process may use. At least 1. */
int processors_online(cpu_set_t *cpus);

/* How many are in the set; musl's CPU_COUNT looks at each bit of it. */
int processors_count(const cpu_set_t *cpus);

/* One more than the highest number that a processor of this machine can have. */
unsigned int processors_numbers(void);

#endif
