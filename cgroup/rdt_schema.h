/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_CGROUP_RDT_SCHEMA_H
#define HULL_CGROUP_RDT_SCHEMA_H

#include "spec/config.h"

/* l3CacheSchema and memBwSchema as lines; the latter replaces lines "MB:" of the former. */
void rdt_schema_write(const struct config_intel_rdt *config, struct buffer *text);

#endif
