/* SPDX-License-Identifier: Apache-2.0 */
/* The two halves of floor.c: the container, and its cgroups (floor_cgroup.c). */
#ifndef HULL_TESTS_BENCH_FLOOR_H
#define HULL_TESTS_BENCH_FLOOR_H

#include <stdbool.h>
#include <stdint.h>

enum { CGROUP_HIERARCHIES = 16 };

/* One system call that must succeed; the message is its text. */
#define MUST(call) must((long)(call), #call, __LINE__)

/* Returns result; ends the process with 125 and errno's message if it is negative. */
long must(long result, const char *call, int line);

/* With --phases: notes that the phase of that name has just ended. */
void phase_end(const char *name);

/* mount(2) of a new file system of that type at target. */
long mount_new(const char *type, const char *target, unsigned long flags, const char *data);

/* Binds source at target, read-only and with more MOUNT_ATTR_*; does nothing without source. */
void mount_read_only(const char *source, const char *target, uint64_t attributes);

struct cgroups {
	bool enabled, v2;
	char name[32];
	int fds[CGROUP_HIERARCHIES]; /* our folder in each hierarchy, -1 where it is not; [0] on v2 */
};

/* Makes a cgroup of that name in every hierarchy, with the device rules of the bundle. */
void cgroups_make(struct cgroups *cgroups);

/* Removes what cgroups_make made; its processes must be gone. */
void cgroups_remove(const struct cgroups *cgroups);

/* The fd for CLONE_INTO_CGROUP: of the v2 tree, wherever it is; -1 if there is none. */
int cgroups_unified(const struct cgroups *cgroups);

/* Moves the calling process into the v1 hierarchies; clone3 does so for the v2 tree. */
void cgroups_join_v1(const struct cgroups *cgroups);

/* Mounts the cgroup's own folders at ./sys/fs/cgroup. */
void cgroups_show(const struct cgroups *cgroups);

/*
 * Opens what the cgroups of a running process are joined through: into fds, `tasks` of every v1
 * hierarchy; returns the folder of the v2 tree (or -1).
 */
int cgroups_open(const char *pid, struct cgroups *cgroups);

#endif
