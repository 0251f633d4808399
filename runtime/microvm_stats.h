/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_RUNTIME_MICROVM_STATS_H
#define HULL_RUNTIME_MICROVM_STATS_H

#include "base/json.h"
#include "runtime/container.h"

/*
 * The member "microvm" of an object that is open: why the guest was left how often, doorbells
 * and interrupts of its devices, its memory, and for each vCPU the nanoseconds that it ran and
 * that others ran instead (its steal time). As `write_counters` of struct isolation.
 */
int microvm_write_counters(const struct container *container, struct json_writer *writer);

#endif
