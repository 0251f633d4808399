/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_RUNTIME_LANDING_H
#define HULL_RUNTIME_LANDING_H

/*
 * Where a container of another machine arrives: what it may have here, its bundle, its making.
 *
 *   BUNDLES/ID/                     its bundle; config.json and rootfs/ come along, unless they are there
 *   /run/hull/@migrations/KEY/      its images of memory, while it comes
 *   /run/hull/@migrations/KEY.owner a link that says who owns it, from the moment that this is decided
 *
 * One process takes one container.
 */
#include "checkpoint/migrate.h"
#include "runtime/lifecycle.h"

struct landing {
	const struct global_options *global;
	const char *bundles, *console_socket;
	const struct string_list
		*allowed; /* folders of this host that a config.json from elsewhere may name */
	int output_fd;	  /* of the container */
	int stored_fd;	  /* the folder that it is read from; -1: none */
	/* the rest is landing.c's own */
	struct arena arena;
	struct container container;
	struct migration_manifest manifest;
	const char *bundle;
	int root_fd, records_fd, bundle_fd, rootfs_fd, images_fd;
	bool made_bundle, made_config, landed;
};

#define LANDING_NONE                                                                               \
	{ .output_fd = -1,                                                                         \
		.stored_fd = -1,                                                                   \
		.root_fd = -1,                                                                     \
		.records_fd = -1,                                                                  \
		.bundle_fd = -1,                                                                   \
		.rootfs_fd = -1,                                                                   \
		.images_fd = -1 }

/* From hello to done; on an error nothing of it is left. 0 or a negative errno with a message. */
int landing_receive(struct landing *landing, struct transport *transport);

/*
 * config.json that comes from elsewhere (all paths of the host in it must be ALLOWED) becomes
 * that of this bundle; SHARED is where its root file system is, or NULL: in the bundle. -EINVAL with a message.
 */
int landing_config(const char *text, const struct string_list *allowed, const char *shared,
	struct buffer *result);

#define LANDING_ROOTFS "rootfs"

/* What is the host's in CONFIG must be there. */
int landing_check_paths(const struct config *config, const char *bundle);

/* In KEY/: links that say what was made for it. */
#define LANDING_ID     "id"
#define LANDING_BUNDLE "bundle"
/* What KEY.owner says when it is ours. */
#define LANDING_OURS "target"

/* Remove what receivers that were killed have left, but what they own. */
void landing_remove_stale(int root_fd, int records_fd);

/* In a folder that a container is stored in. */
#define STORED_FILE  "container.hull"
#define STORED_PART  "container.hull.part" /* while it is written */
#define STORED_TAKEN "container.taken"	   /* while it is made from it */

#endif
