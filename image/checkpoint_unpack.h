/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_IMAGE_CHECKPOINT_UNPACK_H
#define HULL_IMAGE_CHECKPOINT_UNPACK_H

/*
 * The archive of a checkpoint, of hull's, Podman's or Kubernetes', taken apart. Nothing in it is
 * trusted: all is looked at before the first byte is written.
 */
#include "base/json.h"
#include "base/memory.h"

struct checkpoint_unpack {
	const char *file;
	const char *images; /* an empty folder, for the images of CRIU */
	/*
	 * Its root file system gets the changes. Without a config.json it gets that of the archive,
	 * in which only ALLOWED paths of the host may be named.
	 */
	const char *bundle;
	const struct string_list *allowed;
};

/* 0, or a negative errno with a message. */
int checkpoint_unpack(const struct checkpoint_unpack *wanted);

/*
 * config.json out of the archive's spec.dump: its root file system is "rootfs", its cgroup what hull
 * chooses. Refused (-EPERM, a message) is what uses a path of the host that is not below one of
 * ALLOWED, hooks, network devices of the host. tests/fuzz/image/checkpoint_archive.c
 */
int checkpoint_spec(
	const struct json *spec, const struct string_list *allowed, struct buffer *config);

#endif
