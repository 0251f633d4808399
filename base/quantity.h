/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_BASE_QUANTITY_H
#define HULL_BASE_QUANTITY_H

/* Numbers with units, as people write them on a command line. Pure; no messages. */
#include <stdint.h>

/*
 * Bytes: "1073741824", "512m", "1.5G", "2 GiB", "64kb": units are powers of 1024
 * whatever their letters, as other runtimes have it. -EINVAL, or -ERANGE above INT64_MAX.
 */
int quantity_bytes(const char *text, int64_t *bytes);

/*
 * A time in nanoseconds: "150ms", "1.5h", "1m30s" with the units ns, us, ms, s,
 * m and h; a number alone is seconds. -EINVAL for what is none or negative,
 * -ERANGE above INT64_MAX.
 */
int quantity_duration(const char *text, uint64_t *nanoseconds);

#endif
