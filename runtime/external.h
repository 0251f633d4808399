/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_RUNTIME_EXTERNAL_H
#define HULL_RUNTIME_EXTERNAL_H

/*
 * What of a container is not its own: mounts of the host's files, joined namespaces, standard
 * streams that somebody else has the other end of. An image refers to these by names, which the
 * side that saves and the side that restores derive from config.json alike; so a container can be
 * restored where its files are elsewhere. The names are those of runc and crun.
 *
 * Functions return 0 or a negative errno with a message; texts live in the arena.
 */
#include "cgroup/cgroup.h"
#include "checkpoint/criu_message.h"
#include "runtime/container.h"

struct external {
	const struct container *container;
	const struct config *config;
	const struct cgroup *cgroup;
	struct arena *arena;
	struct criu_options *options; /* filled in */
};

/* While the container runs, as PID. */
int external_find_mounts(const struct external *external, pid_t pid);
int external_find_namespaces(const struct external *external, pid_t pid);

/* Of the standard streams; the list for the images' descriptors.json is added to NAMES. */
int external_find_streams(const struct external *external, pid_t pid, struct string_list *names);

/* For a container that is made again. */
int external_give_mounts(const struct external *external);
int external_give_namespaces(const struct external *external);
/* Our own standard streams, for those that the images in the folder name. */
int external_give_streams(const struct external *external, int images_fd);

/* Close what external_give_* has opened. */
void external_close(const struct criu_options *options);

/* The list of names as the images' descriptors.json has it. */
int external_save_streams(int images_fd, const struct string_list *names);

#endif
