/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_RUNTIME_EMULATION_H
#define HULL_RUNTIME_EMULATION_H

/*
 * Programs of other architectures in a container, by the annotation hull.emulator
 * (docs/emulation.md): what is done before its process is made; the rest is ns/emulation.h.
 */
#include "runtime/isolation.h"
#include "spec/emulator.h"

/*
 * Find what the annotation names; without it EMULATORS is empty and no time is spent. Their paths
 * live as long as CONFIG. -errno with a message when one is missing, or the container cannot have it.
 */
int emulation_prepare(
	struct config *config, const struct isolation *isolation, struct emulator_list *emulators);

/*
 * Emulators belong to a user namespace, and those of root's containers must not become the host's:
 * when CONFIG has no user namespace it gets one in which all ids are what they are outside.
 */
bool emulation_add_user_namespace(struct config *config);

#endif
