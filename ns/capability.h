/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_NS_CAPABILITY_H
#define HULL_NS_CAPABILITY_H

/*
 * process.capabilities (config.md "Linux Process"; capabilities(7)). Everything
 * that knows libcap is in capability.c.
 */
#include <stdint.h>

#include "spec/config.h"

/* One bit a capability. */
struct capability_sets {
	uint64_t bounding, effective, inheritable, permitted, ambient;
};

/*
 * What the container's process gets; NULL gives it nothing. Names that are
 * unknown and capabilities that hull has not itself are left out with a warning,
 * as config.md demands.
 */
void capability_parse(const struct config_capabilities *config, struct capability_sets *sets);

/* Shrink the bounding set; before the ids change. 0 or an error with a message. */
int capability_drop_bounding(const struct capability_sets *sets);

/*
 * Set the other four. ALSO_HELD is kept permitted and effective until the next
 * execve(2), which computes both anew.
 */
int capability_apply(const struct capability_sets *sets, uint64_t also_held);

/* The version of libcap that hull was built with. */
const char *capability_library_version(void);

/* The names that this kernel knows in the order of their numbers, up to NULL, for `features`. */
const char *const *capability_names(void);

#endif
