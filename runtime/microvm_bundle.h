/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_RUNTIME_MICROVM_BUNDLE_H
#define HULL_RUNTIME_MICROVM_BUNDLE_H

/*
 * A bundle as the hull in a microVM gets it: config.json with the paths that things
 * have there, and what of the host is to be shared so that they have them.
 */
#include "base/buffer.h"
#include "runtime/isolation.h"

struct microvm_bundle {
	struct buffer document;	    /* the guest's config.json */
	struct string_list shares;  /* NAME=PATH[:ro], for the monitor */
	unsigned int vcpus, memory; /* of the machine; the latter in MiB */
};

/*
 * In the container's arena. A bundle that asks for what a guest cannot have is -ENOTSUP
 * with a message that starts with the place in config.json.
 */
int microvm_bundle_make(
	struct microvm_bundle *bundle, struct container *container, const struct config *config);

/* process.json of an exec. */
void microvm_process_write(struct buffer *document, const struct config_process *process);

#endif
