/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_RUNTIME_CONTAINER_H
#define HULL_RUNTIME_CONTAINER_H

/*
 * A container on disk, below the state root (/run/hull; a user's: runtime/rootless.h):
 *
 *   ID/lock         flock(2)ed by whoever changes the container
 *   ID/config.json  as it was run, with the limits that `update` has set
 *   ID/state.json   replaced whole
 *   ID/exec.fifo    there until `start`
 *   ID/cpu          the page of runtime/whisper.h, for a container that has one
 *   ID/notify/      the socket of runtime/notify.h, for a caller that has one
 *
 * The folder is made first and removed last, and state.json says where the
 * cgroup is before the cgroup exists: whatever instruction hull is killed at,
 * `delete --force` finds everything.
 */
#include <errno.h>
#include <stdint.h>

#include "base/json.h"
#include "runtime/command.h"
#include "spec/config.h"

/* state.json */
struct container_record {
	const char *id, *bundle, *rootfs, *created, *owner, *cgroup, *isolation;
	bool damaged;		 /* state.json cannot be read: known to `delete --force` alone */
	int64_t pid;		 /* 0 while it is being created */
	uint64_t pid_start;	 /* clock ticks since boot: tells a pid from its reuse */
	uint64_t machine_memory; /* MiB, of a virtual machine; 0: it is none */
	const char *tenant;	 /* runtime/tenants.h; its level is above the cgroup; NULL: none */
	const char *rdt_class;	 /* of resctrl; NULL: none */
	bool rdt_made, rdt_monitored;
	bool no_new_keyring, shared_pids; /* no pid namespace of its own */
	bool user_namespace_added;	  /* by hull: config.json has none (runtime/rootless.h) */
	bool has_poststart, has_poststop; /* hooks: saves reading config.json again */
	struct string_map annotations;
};

struct container {
	char *id;
	int root_fd, folder_fd, lock_fd;
	int notify_fd;	    /* runtime/notify.h */
	struct arena arena; /* of the record */
	struct container_record record;
};

enum container_status {
	STATUS_CREATING,
	STATUS_CREATED,
	STATUS_RUNNING,
	STATUS_PAUSED,
	STATUS_STOPPED,
};

extern const char *const container_status_names[];

/* The folder of all states, made when missing. A descriptor or an error with a message. */
int container_root_open(const struct global_options *global);

/* -EINVAL with a message when ID cannot name a container. */
int container_check_id(const char *id);

/* A new folder, locked. -EEXIST when the id is in use. */
int container_make(struct container *container, int root_fd, const char *id);

enum container_lock { CONTAINER_UNLOCKED, CONTAINER_SHARED, CONTAINER_LOCKED };

/*
 * An existing container, with its record. Waits for whoever holds the lock.
 * -ENOENT: "container ID does not exist". A folder that a killed `create` left
 * without a record is found too, with an empty record.
 */
int container_open(
	struct container *container, int root_fd, const char *id, enum container_lock lock);
void container_unlock(struct container *container);

/* Lock it again after container_unlock; -ENOENT when it was deleted meanwhile. */
int container_relock(struct container *container);
void container_close(struct container *container);

/* The config.json that it was created with. */
int container_load_config(const struct container *container, struct config *config);

/* Write the record to state.json. */
int container_save(const struct container *container);

/* What it is doing now, from the process, the cgroup and exec.fifo. */
enum container_status container_status(const struct container *container);
bool container_runs(const struct container *container);

/* One object: the OCI state, and what runc adds to it in `state` and `list`. */
void container_write(const struct container *container, struct json_writer *writer);

/* A descriptor of its first process, checked to be it; -ESRCH when that has ended. */
int container_process_open(const struct container *container);

/* Remove the folder: the last step of `delete`. */
int container_remove(struct container *container);

#define _cleanup_container_ __attribute__((cleanup(container_close)))
#define CONTAINER_NONE                                                                             \
	(struct container)                                                                         \
	{                                                                                          \
		.root_fd = -EBADF, .folder_fd = -EBADF, .lock_fd = -EBADF, .notify_fd = -EBADF     \
	}

#endif
