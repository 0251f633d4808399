/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_IMAGE_RECORDED_H
#define HULL_IMAGE_RECORDED_H

/* Runs that are watched from beginning to end. */
#include "image/launch.h"
#include "image/record.h"

/*
 * Run by LAUNCH in a process of its own and fill in all of RECORD but the lock, which is
 * there: times, exit code, resources, machine, outputs. Signals that end a program are passed
 * on. Negative errno with a message.
 */
int recorded_run(struct arena *arena, const struct launch *launch, struct record *record);

#endif
