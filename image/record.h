/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_IMAGE_RECORD_H
#define HULL_IMAGE_RECORD_H

/*
 * The record of a run: what ran, on which machine, from and to which bytes. A Process
 * Run Crate (https://w3id.org/ro/wfrun/process/0.6), so that tools for RO-Crates read
 * it; with the lock file in it, so that `hull image rerun` can run it again.
 */
#include <sys/resource.h>
#include <time.h>

#include "image/lock_file.h"

struct record_file {
	const char *path;  /* in the container */
	const char *place; /* on the machine */
	struct digest digest;
	uint64_t size;
};

struct record_files {
	struct record_file *items;
	size_t count;
};

/* What could make a difference, and is not the lock's; rows of "name, value". */
struct record_machine {
	const char *processor, *flags, *kernel, *runtime;
};

struct record {
	struct lock lock;
	struct timespec started, ended;
	int exit_code;
	struct rusage usage;
	struct record_files outputs;
	struct record_machine machine;
};

void record_find_machine(struct arena *arena, struct record_machine *machine);

/*
 * The files in the folders for results, sorted by their paths; links and other kinds of
 * files are not looked at. Negative errno with a message.
 */
int record_find_outputs(struct arena *arena, const struct shape *shape, struct record_files *files);

/* Add the crate's metadata to TEXT. */
void record_write(struct buffer *text, struct record *record);

/* Read one: the lock, the outputs, the machine and the exit code. -errno with a message. */
int record_load(struct arena *arena, const char *path, struct record *record);

#endif
