/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_BASE_ID_RANGE_H
#define HULL_BASE_ID_RANGE_H

#include <stdbool.h>
#include <stdint.h>

/* A row of a user namespace's uid_map or gid_map; SIZE is a number of ids. */
struct id_mapping {
	uint64_t container_id, host_id, size;
};

/* Ids that a user may map besides his own (subuid(5), subgid(5)). */
struct id_range {
	uint64_t first, count;
};

/*
 * The first range that the lines "USER:FIRST:COUNT" of FILE give to this user,
 * by NAME (may be NULL) or by UID. False when there is none.
 */
bool id_range_find(const char *file, const char *name, uint64_t uid, struct id_range *range);

#endif
