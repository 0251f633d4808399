/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_NS_EMULATION_HOST_H
#define HULL_NS_EMULATION_HOST_H

#include <stdbool.h>

#include "ns/plan.h"

/*
 * On a kernel whose binfmt_misc is the whole machine's: 0 when the host has registered an emulator
 * for each architecture of plan->emulators, and the container can use it. Else an error that says
 * what is missing. ABSENT: the kernel has no binfmt_misc at all.
 */
int emulation_find_on_host(const struct container_plan *plan, bool absent);

/*
 * Does the registration that a file of binfmt_misc describes serve programs of ARCHITECTURE? In
 * *PATH (to be freed) its emulator, or NULL when that was opened at registration.
 */
bool emulation_serves(const char *text, const struct architecture *architecture, char **path);

#endif
