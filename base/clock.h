/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_BASE_CLOCK_H
#define HULL_BASE_CLOCK_H

#include <stdint.h>

#define CLOCK_TEXT_BYTES 40

/* Now, in UTC, as RFC 3339 with nanoseconds: 2026-11-22T15:41:31.123456789Z. */
void clock_text(char text[CLOCK_TEXT_BYTES]);

/* CLOCK_MONOTONIC in nanoseconds. */
uint64_t clock_monotonic(void);

/* What this process has used of the CPUs, in nanoseconds. */
uint64_t clock_process(void);

/* Sleep for that many milliseconds. */
void clock_sleep(unsigned int milliseconds);

#endif
