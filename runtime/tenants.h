/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_RUNTIME_TENANTS_H
#define HULL_RUNTIME_TENANTS_H

/*
 * The tenants of this machine (of a user): what tenants.json says, and who is in them.
 *
 *   /etc/hull/tenants.json                 root's; replaced whole by rename
 *   $XDG_CONFIG_HOME/hull/tenants.json     a user's (default: ~/.config)
 *   $HULL_TENANTS                          instead of either
 *
 *   /run/hull/@tenants                     flock(2)ed; a user's: runtime/rootless.h
 *   /run/hull/@tenants/NAME/KEY            a link to a container's state folder
 *
 * Engines keep the states of their containers elsewhere (--root), so the links are how
 * their tenants' containers are found. A link whose container is gone counts for nothing.
 */
#include <stdbool.h>

#include "runtime/container.h"
#include "spec/tenant.h"

enum tenants_lock {
	TENANTS_UNLOCKED, /* to look: the file is whole at any time */
	TENANTS_SHARED,	  /* a container is being made in one: no limit changes meanwhile */
	TENANTS_LOCKED,	  /* limits change, or a level is removed */
};

struct tenants {
	struct arena arena;
	struct tenant_list list;
	char *path;    /* of the file */
	int folder_fd; /* @tenants; -EBADF: there is none, and nobody is in any tenant */
};

#define TENANTS_NONE                                                                               \
	(struct tenants) { .folder_fd = -EBADF }

/* Lock them and read the file; without one there are none. 0 or an error with a message. */
int tenants_open(struct tenants *tenants, enum tenants_lock lock);

/* The lock alone. */
int tenants_lock(struct tenants *tenants, enum tenants_lock lock);

/* Unlocks too, whoever else has a copy of the descriptor. */
void tenants_close(struct tenants *tenants);

#define _cleanup_tenants_ __attribute__((cleanup(tenants_close)))

/* Write the file, whole and renamed into place. It must be locked. */
int tenants_save(const struct tenants *tenants);

/* The names, for messages: "a, b", or "none". In the arena. */
const char *tenants_names(struct tenants *tenants);

/* The container is in the tenant of its record now, or any more. */
int tenants_enter(const struct tenants *tenants, const struct container *container);
void tenants_leave(const struct tenants *tenants, const struct container *container);

/*
 * Call VISIT for each container in the tenant NAME, in the order of their ids; until one
 * returns an error, which is returned.
 */
typedef int tenants_visit(const struct container *container, void *context);
int tenants_each(
	const struct tenants *tenants, const char *name, tenants_visit *visit, void *context);

/* The names of tenants that some container is in, whether or not the file has them. */
void tenants_in_use(struct tenants *tenants, struct string_list *names);

#endif
