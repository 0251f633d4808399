/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_RUNTIME_DOCTOR_MACHINE_H
#define HULL_RUNTIME_DOCTOR_MACHINE_H

/* What several probes ask of the machine. */
#include <stdbool.h>

#include "base/buffer.h"
#include "runtime/doctor/doctor.h"

bool machine_kernel_at_least(unsigned int major, unsigned int minor);

/* Add the first line of a file, without its end, to LINE; false when there is none. */
bool machine_line(const char *path, struct buffer *line);

/* A number that is the whole of a file; OTHERWISE when there is no such file. */
long long machine_number(const char *path, long long otherwise);

/* Is WORD, ended by blank, comma or line, in the file? */
bool machine_has_word(const char *path, const char *word);

/* Does TEXT stand anywhere in the file? */
bool machine_has_text(const char *path, const char *text);

/* The kernel knows it without loading a module (/proc/filesystems). */
bool machine_has_filesystem(const char *name);

/* Debian and others name a module's file in modules.dep of the running kernel. */
bool machine_has_module(const char *name);

/*
 * A device whose driver is there (/proc/misc), so that opening it loads no
 * module. Its descriptor, or a negative errno: -ENODEV without a driver.
 */
int machine_open_device(const char *driver, const char *path, int flags);

/* The caller is in a user namespace that is not the machine's. */
bool machine_in_user_namespace(void);

/* A system call filter is on hull itself, as in most containers. */
bool machine_has_filter(void);

/* When a probe for a device or file system found none: the module that has it, or the kernel. */
void machine_advise_module(struct finding *finding, const char *module);

/* A program in PATH: its path, or the package that has it. */
void machine_look_for_program(struct finding *finding, const char *program, const char *package);

#endif
