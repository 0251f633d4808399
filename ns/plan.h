/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_NS_PLAN_H
#define HULL_NS_PLAN_H

/*
 * All that a process needs to know to become a container's process. runtime/
 * fills it in before the process is made; the process only reads it. Every
 * descriptor is O_CLOEXEC and is closed before the container's program runs.
 */
#include <stdbool.h>
#include <stddef.h>

#include "ns/capability.h"
#include "ns/namespace.h"
#include "ns/seccomp.h"
#include "spec/config.h"
#include "spec/emulator.h"

/* A cgroup hierarchy as the container sees it at a mount of type "cgroup". */
struct plan_cgroup_view {
	const char *name; /* of the hierarchy's folder; "" when v2 is all there is */
	const char *root; /* the hierarchy's mount point on the host */
	const char *path; /* the container's group below it, no leading slash */
};

struct container_plan {
	const char *id;
	const struct config *config;
	const struct config_process *process; /* of the container, or of an exec */
	const char *bundle;		      /* its absolute path, for the state that hooks get */
	const char *rootfs;		      /* an absolute path too */
	const struct namespace_set *namespaces;
	struct capability_sets capabilities;
	/* Of the terminal, before anything can ask for it; NULL: the kernel's 0 by 0. */
	const struct config_console_size *console_size;
	bool console_into_file; /* what comes out of it goes to no terminal: no carriage returns */

	int socket_fd;	/* to the runtime: base/message.h */
	int runtime_fd; /* the runtime's end: while it is open here, its death goes unnoticed */
	int proc_fd;	/* the host's procfs: the only one that is trusted */
	int fifo_fd;	/* exec.fifo, O_PATH; -1: run without waiting for start */

	bool no_pivot, no_new_keyring;
	bool keep_groups;  /* the annotation: nothing changes the supplementary groups */
	bool unprivileged; /* in a user namespace: no nodes can be made, no host's sysfs mounted */
	bool open_inside;  /* mounts may be cloned only in the new user namespace, by the process */
	unsigned int preserve_fds; /* descriptors 3… that the program gets */

	/* Puts the calling process into its cgroup. 0 or a negative errno with a message. */
	int (*enter_cgroup)(void *context);
	void *cgroup_context;
	const struct plan_cgroup_view *cgroup_views;

	struct emulator_list emulators; /* the annotation; empty: none, and no time spent on it */

	const struct seccomp_program *seccomp; /* NULL: no filter */
	int root_tree_fd;		       /* the rootfs as a detached mount */
	int *mount_tree_fds; /* per mount of the config: its source; later, what mount_finish needs */
};

#endif
