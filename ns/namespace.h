/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_NS_NAMESPACE_H
#define HULL_NS_NAMESPACE_H

/*
 * Namespaces (config-linux.md "Namespaces"; namespaces(7)): which are new, which
 * are joined, and the making of a process in them.
 */
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "spec/config.h"

struct namespace_set {
	uint64_t new_flags;	       /* CLONE_NEW* */
	int join_fds[NAMESPACE_TYPES]; /* by type; -1: none */
	uint64_t beside_flags; /* of an exec: what it joins of a running process, all at once */
	const struct config_time_offsets *time_offsets;
	int proc_fd; /* the host's procfs */
};

/* Open what is joined by path, and check its type. 0 or an error with a message. */
int namespace_set_open(struct namespace_set *set, const struct config *config, int proc_fd);
void namespace_set_close(struct namespace_set *set);

/* What a new process does; it never returns. */
typedef void (*namespace_entry)(void *context) __attribute__((noreturn));

struct spawned {
	pid_t pid; /* our child, as this pid namespace numbers it */
	int pidfd;
};

/*
 * Make a process in the namespaces, in the cgroup of CGROUP_FD where that is not
 * -1. One clone3(2) with every new namespace at once; where the kernel wants a
 * process to have joined first (user, pid, time), a helper joins and clones in our
 * name. New cgroup namespaces are left to namespace_enter_late.
 */
int namespace_spawn(const struct namespace_set *set, int cgroup_fd, namespace_entry entry,
	void *context, struct spawned *spawned);

/*
 * The steps of a process that joins the namespaces of a running one. BEGIN: in a
 * helper that has joined none yet. PREPARE: after it has joined them, and before
 * the process exists that the container sees. ENTRY: in that.
 */
struct namespace_steps {
	int (*begin)(void *context);
	int (*prepare)(void *context);
	namespace_entry entry;
	void *context;
};

/* Join the namespaces of the process of PIDFD, as beside_flags says. */
int namespace_spawn_beside(const struct namespace_set *set, int pidfd, int cgroup_fd,
	const struct namespace_steps *steps, struct spawned *spawned);

/*
 * In the new process, once it is in its cgroups: join what the helper has not
 * joined, and leave for a new cgroup namespace, whose root is the group that
 * the process is in at that moment.
 */
int namespace_enter_late(const struct namespace_set *set);

/* True when the process is, or will be, in a user namespace of the container's. */
bool namespace_has_user(const struct namespace_set *set);

/* CLONE_NEW* of a type. */
uint64_t namespace_flag(enum namespace_type type);

#endif
