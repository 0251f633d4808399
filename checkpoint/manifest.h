/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_CHECKPOINT_MANIFEST_H
#define HULL_CHECKPOINT_MANIFEST_H

/*
 * The first frame of a migration: what wants to come, and from what kind of machine. The target
 * refuses here what it could not run, while the container still runs at its source.
 */
#include <stdbool.h>

#include "base/json.h"

#define MIGRATION_PROTOCOL  1
#define MIGRATION_KEY_BYTES 32 /* hexadecimal digits; names one migration for ever */

struct migration_machine {
	const char *architecture; /* uname's */
	const char *kernel;	  /* its release: "6.12.57+deb13-amd64" */
	const char *cpu;	  /* words of /proc/cpuinfo, a blank between two */
	unsigned int criu;	  /* 40101: 4.1.1 */
};

struct migration_manifest {
	int64_t protocol;
	const char *hull; /* its version */
	const char *key, *id;
	const char *config; /* config.json, whole */
	const char
		*rootfs; /* where it is at the source; it is the target's too with SHARED_ROOTFS */
	struct migration_machine machine;
	bool shared_rootfs, stored;
	/* Of the checkpoint, and so of the restore. */
	bool tcp_established, file_locks, shell_job, ext_unix_sk, link_remap;
};

/* This machine; texts in the arena. CRIU's version is the caller's to fill in. 0, or an error with a message. */
int migration_machine_read(struct arena *arena, struct migration_machine *machine);

/* Could what was saved at SOURCE run at TARGET? -EOPNOTSUPP with a message that says what is missing. */
int migration_machine_check(
	const struct migration_machine *source, const struct migration_machine *target);

bool migration_key_is_valid(const char *key, size_t length);
void migration_key_make(char key[MIGRATION_KEY_BYTES + 1]);

void migration_manifest_write(const struct migration_manifest *manifest, struct buffer *text);

/* All members are there, of their types and in their bounds; or -EINVAL with a message. */
int migration_manifest_read(
	struct arena *arena, const void *bytes, size_t length, struct migration_manifest *manifest);

#endif
