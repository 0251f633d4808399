/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_SPEC_FEATURES_H
#define HULL_SPEC_FEATURES_H

/*
 * The features document of runtime-spec 1.3 (features.md, features-linux.md).
 * It tells what this build can do, not what this machine can. Only the floors
 * above know that, so they fill in the facts and nothing is claimed here.
 */
#include <stdbool.h>

#include "spec/config.h"

/* Lists of words end with NULL; a list that is NULL is left out: "unknown". */
struct features_facts {
	const char *const *mount_options;
	const char *const *capabilities;
	struct {
		bool v1, v2, systemd, systemd_user, rdma;
	} cgroup;
	struct {
		bool enabled;
		const char *const *actions, *const *operators, *const *architectures;
		const char *const *known_flags, *const *supported_flags;
	} seccomp;
	bool apparmor, selinux, idmap, net_devices;
	/* linux.memoryPolicy, with the modes and flags that spec/validate.h accepts */
	bool memory_policy;
	struct {
		bool enabled, schemata, monitoring;
	} intel_rdt;
	struct string_map annotations; /* about the runtime itself, such as its version */
	/* Beside those of spec/annotation.h; one that ends in "." is a prefix. */
	const char *const *unsafe_annotations;
};

/* Add the document, pretty and with a line break at its end, to BUFFER. */
void features_write(struct buffer *buffer, const struct features_facts *facts);

#endif
