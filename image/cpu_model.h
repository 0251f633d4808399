/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_IMAGE_CPU_MODEL_H
#define HULL_IMAGE_CPU_MODEL_H

/*
 * The levels of the x86-64 psABI as names for "the numbers that such a machine
 * gives": every knob by which libraries choose code for the processor that they
 * find, set alike on all machines. docs/reproducible.md tells what was measured.
 */
#include <stdbool.h>

#include "base/buffer.h"
#include "base/memory.h"

struct cpu_model;

/* "x86-64-v2", "x86-64-v3", "x86-64-v4"; -EINVAL with a message that has the names. */
int cpu_model_find(const char *name, const struct cpu_model **model);

const char *cpu_model_name(const struct cpu_model *model);

/*
 * 0 when CPUINFO (the text of /proc/cpuinfo) has all that the level needs; else
 * -EOPNOTSUPP with a message that names the first flag which is missing.
 */
int cpu_model_check(const struct cpu_model *model, const char *cpuinfo);

/*
 * Add "NAME=VALUE" for each knob to ENV; MODEL may be NULL, then those of THREADS
 * alone; THREADS 0 leaves their number to the libraries.
 */
void cpu_model_environment(const struct cpu_model *model, unsigned int threads, struct arena *arena,
	struct string_list *env);

/*
 * A /proc/cpuinfo of the level with that many processors: its flags and no others,
 * and the same text on every machine.
 */
void cpu_model_cpuinfo(const struct cpu_model *model, unsigned int processors, struct buffer *text);

#endif
