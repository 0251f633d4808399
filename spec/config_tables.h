/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_SPEC_CONFIG_TABLES_H
#define HULL_SPEC_CONFIG_TABLES_H

#include "spec/decode.h"

/* How config.json, its process object and its resources object are decoded. */
extern const struct table config_table, config_process_table, config_resources_table;

#endif
