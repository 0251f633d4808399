/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_RUNTIME_HOST_MIGRATE_H
#define HULL_RUNTIME_HOST_MIGRATE_H

/* A container of this host that moves, by CRIU: a row of checkpoint/migrate.h. */
#include "checkpoint/migrate.h"
#include "runtime/checkpoint.h"
#include "runtime/container.h"

struct host_migration {
	struct container *container; /* locked */
	const struct config *config;
	struct checkpoint_request request; /* what of it is to be saved, and by which CRIU */
	const char *mark;		   /* text of MIGRATION_MARK, once the target may have it */
	struct arena arena;
	int folder_fd; /* of the images, in the state folder */
	const char *folder;
	bool given;
};

extern const struct migratable migratable_host; /* SELF is a struct host_migration */

void host_migration_close(struct host_migration *migration);

/* The CRIU there is, or PROGRAM: its version, and whether this kernel tells it which pages are written. */
int host_ask_criu(const char *program, unsigned int *version, bool *tracks_memory);

/* Bytes of memory that these processes have written to since it was last saved: all, without SOFT_DIRTY. */
int host_dirty_memory(const struct container *container, bool soft_dirty, uint64_t *bytes);

#endif
