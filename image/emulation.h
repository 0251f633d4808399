/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_IMAGE_EMULATION_H
#define HULL_IMAGE_EMULATION_H

/*
 * Images of other architectures (docs/emulation.md): which emulators a run takes, and which CPU
 * these are. The runtime registers them, by the annotation hull.emulator.
 */
#include "base/buffer.h"
#include "image/shape.h"

/*
 * Fill in shape->emulators: what GIVEN (--emulator, or NULL) names; else one for the image's
 * ARCHITECTURE, when this machine does not execute its programs by itself. Negative errno with
 * a message.
 */
int emulation_choose(
	struct arena *arena, const char *architecture, const char *given, struct shape *shape);

/* "QEMU_CPU=…" for shape->emulated_cpu in *ASSIGNMENT; -EINVAL when the emulator has no such CPU. */
int emulation_cpu(struct arena *arena, const struct shape *shape, const char **assignment);

/* Find out version and digest of the emulators, for a lock file. */
int emulation_identify(struct arena *arena, struct shape *shape);

/*
 * For a shape that comes from the lock file NAME: find its emulators on this machine. Refused when
 * one has another version; on a machine as that of the lock, also by its digest.
 */
int emulation_find_locked(struct arena *arena, const char *name, struct shape *shape);

/* The value of the annotation; NULL without emulators. */
const char *emulation_annotation(struct arena *arena, const struct shape *shape);

/*
 * Can the program of SHAPE below ROOT_FD be executed? IMAGE and PLATFORM are for the message, when
 * it is for something else than the image says. A program that is not found is the runtime's to tell.
 */
int emulation_check_program(
	int root_fd, const char *image, const char *platform, const struct shape *shape);

/* A /proc/cpuinfo for programs of the emulators: emulators do not all hide the machine's own. */
void emulation_cpuinfo(const struct shape *shape, struct buffer *text);

#endif
