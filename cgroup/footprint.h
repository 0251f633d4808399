/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_CGROUP_FOOTPRINT_H
#define HULL_CGROUP_FOOTPRINT_H

/*
 * What else a group holds: memory, processes, traffic to disks; few numbers, read
 * again and again. cgroup/stats.h has all there is, once.
 */
#include <stdbool.h>
#include <stdint.h>

#include "cgroup/cgroup.h"
#include "cgroup/kept_file.h"

#define FOOTPRINT_UNKNOWN UINT64_MAX /* no such controller */

struct footprint {
	uint64_t memory, memory_limit; /* bytes, with the page cache; limit: 0 is none */
	uint64_t pids, pids_limit;     /* threads; limit: 0 is none */
	uint64_t read, written;	       /* bytes since the group was made */
};

struct footprint_files {
	struct kept_file memory, memory_limit, pids, pids_limit, io;
	int mount_fd; /* borrowed */
	struct footprint last;
	unsigned int age; /* readings since the limits were read */
};

/* CGROUP has to outlive the files. */
void footprint_open(struct footprint_files *files, const struct cgroup *cgroup);

/*
 * With IDLE nobody in the group has run since the last reading: it is read only every
 * now and then, as limits are.
 */
void footprint_read(struct footprint_files *files, struct kept_files *kept, bool idle,
	struct footprint *footprint);
void footprint_close(struct footprint_files *files, struct kept_files *kept);

/* The sums over all devices in v1's blkio.throttle.io_service_bytes or v2's io.stat. Pure. */
void footprint_parse_io(const char *text, uint64_t *read, uint64_t *written);

#endif
