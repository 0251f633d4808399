/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_CGROUP_CONTROLLERS_V2_H
#define HULL_CGROUP_CONTROLLERS_V2_H

/* Which controllers a v2 group has (cgroup-v2.rst, "Enabling and Disabling"). */
#include <stdint.h>

#include "cgroup/place.h"

/* CONTROLLER_BITs of the names in a text such as "cpu io memory". */
uint32_t controllers_parse(const char *text);

/*
 * Have WANTED (CONTROLLER_BITs) in the group, by enabling what is missing in
 * the groups above it from the root down. Controllers that the hierarchy does
 * not offer are skipped: place->controllers says what there is in the end. 0,
 * or a negative errno with a message when one could not be enabled.
 */
int controllers_enable(struct cgroup_place *place, uint32_t wanted);

#endif
