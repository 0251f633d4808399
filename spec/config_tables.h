/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_SPEC_CONFIG_TABLES_H
#define HULL_SPEC_CONFIG_TABLES_H

#include "spec/decode.h"

/* How config.json, its process object, its resources object and its mounts alone are decoded. */
extern const struct table config_table, config_process_table, config_resources_table,
	config_mounts_table;

#endif
