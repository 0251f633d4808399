/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_NS_ID_MAP_H
#define HULL_NS_ID_MAP_H

#include <sys/types.h>

#include "spec/config.h"

/* Mappings of ids (user_namespaces(7)); PROC_FD is the host's procfs. */

/*
 * Write those of a process that was made with a new user namespace, and waits in
 * it: directly where the kernel lets this user, else by ns/id_helper.h.
 */
int id_map_write(int proc_fd, pid_t pid, const struct config_id_mappings *uids,
	const struct config_id_mappings *gids);

/*
 * A user namespace that is nothing but its mappings, as an id-mapped mount needs
 * one (mount_setattr(2)). A descriptor or an error with a message.
 */
int id_map_open(
	int proc_fd, const struct config_id_mappings *uids, const struct config_id_mappings *gids);

#endif
