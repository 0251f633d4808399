/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_SPEC_EMULATOR_H
#define HULL_SPEC_EMULATOR_H

/*
 * Programs that execute those of another architecture: how the annotation hull.emulator names
 * them, and which of them this machine has (docs/emulation.md).
 */
#include "base/memory.h"
#include "spec/architecture.h"

#define EMULATOR_PACKAGES "qemu-user-static (Debian 12) or qemu-user (Debian 13)"

struct emulator {
	const struct architecture *architecture; /* of the programs that it executes */
	const char *path;			 /* absolute */
};

struct emulator_list {
	struct emulator *items;
	size_t count;
};

/*
 * Refuse a TEXT that is not "auto" and not a list of ARCH, ARCH=/PATH and /PATH/qemu-ARCH with
 * commas between; WHAT starts the message. 0 or -EINVAL.
 */
int emulator_check_text(const char *what, const char *text);

/*
 * What TEXT names, looked for and looked at on this machine; "auto" is all that it has. Paths live
 * in ARENA. -EINVAL, or -ENOENT for one that is missing, with a message that WHAT starts.
 */
int emulator_find(
	struct arena *arena, const char *what, const char *text, struct emulator_list *list);

#endif
