/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_CGROUP_PLACE_H
#define HULL_CGROUP_PLACE_H

/*
 * A place is a container's group in one hierarchy: a v1 hierarchy holds some
 * controllers, the v2 hierarchy ("unified") the others. What all hierarchies
 * have in common is done here: folders, entering, listing, removing.
 *
 * Everything is reached below the descriptor of /sys/fs/cgroup or of the group
 * itself. cgroupfs holds no links and ".." is refused in paths, so no name
 * leads out of the hierarchy.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buffer.h"

#define CGROUP_MOUNT "/sys/fs/cgroup"

/* How long to wait for processes to freeze or to be gone. */
#define CGROUP_PATIENCE_SECONDS 2

enum controller {
	CONTROLLER_BLKIO, /* v2: io */
	CONTROLLER_CPU,
	CONTROLLER_CPUACCT,
	CONTROLLER_CPUSET,
	CONTROLLER_DEVICES, /* v2: a BPF program */
	CONTROLLER_FREEZER,
	CONTROLLER_HUGETLB,
	CONTROLLER_MEMORY,
	CONTROLLER_MISC,
	CONTROLLER_NET_CLS,
	CONTROLLER_NET_PRIO,
	CONTROLLER_PERF_EVENT,
	CONTROLLER_PIDS,
	CONTROLLER_RDMA,
	CONTROLLERS,
};

#define CONTROLLER_BIT(controller) (1u << (controller))

/* The names of v1 and of v2; NULL where a version has no such controller. */
struct controller_names {
	const char *v1, *v2;
};

extern const struct controller_names controller_names[CONTROLLERS];

struct cgroup_place {
	bool unified;
	bool made;	      /* by us in this process, so nothing was set or attached before */
	bool taken;	      /* over: it was there when it should be made */
	bool has_program;     /* a BPF device program was attached by us */
	uint32_t controllers; /* CONTROLLER_BIT; of v2: those that the group has, once known */
	char *name;   /* of the hierarchy's folder: "cpu,cpuacct"; "" where v2 is all there is */
	char *root;   /* "/sys/fs/cgroup/cpu,cpuacct" */
	char *path;   /* of the group from /sys/fs/cgroup on: "cpu,cpuacct/hull/ID" */
	size_t skip;  /* bytes of path in front of the group's part */
	int mount_fd; /* of /sys/fs/cgroup; borrowed */
	int group_fd; /* the group's folder, or -EBADF: see place_open */
	int entry_fd; /* `tasks` (v1) or `cgroup.procs` (v2) for writing, or -EBADF */
};

/* Waiting in growing steps, from 0.1 ms up to 50 ms, until the time is over. */
struct patience {
	uint64_t end, step; /* nanoseconds */
};

void patience_begin(struct patience *patience);
bool patience_wait(struct patience *patience); /* false: the time is over */

/* The group's path in its hierarchy, without a leading slash: "hull/ID". */
const char *place_group(const struct cgroup_place *place);

/*
 * Make the group's folder. When groups above it are missing too, PREPARE is
 * called for each of them, from the top, with descriptors of its parent and of
 * itself and whether it was MADE now (what has to be handed down); NULL for
 * none. A group that exists is left as it is (made: false). 0 or a negative
 * errno with a message.
 */
typedef int place_prepare(struct cgroup_place *place, int parent_fd, int fd, bool made);
int place_make(struct cgroup_place *place, place_prepare *prepare);

/*
 * mkdir -p for the groups above, telling PREPARE of each, there or made, before
 * the next one is made. 0, or a negative errno.
 */
int place_make_parents(struct cgroup_place *place, place_prepare *prepare);

/* A descriptor of the group above, or a negative errno. */
int place_open_parent(const struct cgroup_place *place);

/* Open group_fd if it is not open. 0, or a negative errno with a message. */
int place_open(struct cgroup_place *place);

/* Is there a group at PATH, which is written like place->path? */
bool place_exists(const struct cgroup_place *place, const char *path);

/* Open entry_fd if it is not open, so that a child may enter whatever it can still see. */
int place_open_entry(struct cgroup_place *place);

/* Move the calling process into the group. */
int place_enter(struct cgroup_place *place);

/* Add the processes of the group and of those below to *PIDS; none where there is no group. */
int place_processes(struct cgroup_place *place, pid_t **pids, size_t *count);

/*
 * Remove the groups above that are empty. For hierarchies without controllers:
 * engines neither make groups in them nor remove them, and nothing is lost with one.
 */
void place_remove_parents(struct cgroup_place *place);

/* Remove the group and all below it; waits for dying processes. A missing one is fine. */
int place_remove(struct cgroup_place *place, struct patience *patience);
void place_close(struct cgroup_place *place);

/*
 * Files of the group. Writing makes a message that names file and value;
 * reading does not.
 */
int place_write(struct cgroup_place *place, const char *file, const char *value);

/* To the group and all below it, as far as it works. */
void place_write_all(struct cgroup_place *place, const char *file, const char *value);
int place_read(struct cgroup_place *place, const char *file, struct buffer *buffer);

/* A number; "max" and negative ones are UINT64_MAX. */
int place_read_number(struct cgroup_place *place, const char *file, uint64_t *number);

/* The value behind KEY in a file of lines "key value"; -ENOENT when there is none. */
int place_read_key(struct cgroup_place *place, const char *file, const char *key, uint64_t *value);
bool place_has(struct cgroup_place *place, const char *file);

#endif
