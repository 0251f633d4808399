/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_RUNTIME_WHISPER_H
#define HULL_RUNTIME_WHISPER_H

/*
 * The whisper: the page at /run/hull/cpu that tells a container what only its host can see
 * of its processor time (include/hull/cpu.h has the layout, docs/fair-sharing.md the use).
 *
 * The page is the file ID/cpu of the state folder. A process of hull's writes it
 * (runtime/whisper_writer.h), which is made with the container and ends with it.
 */
#include "cgroup/cgroup.h"
#include "runtime/isolation.h"

/* Make the page, and a mount of it for the container. 0 or an error with a message. */
int whisper_prepare(const struct container *container, struct config *config);

/* Start its writer: the container's first process exists, in CGROUP. 0 or an error with a message. */
int whisper_start(const struct container *container, const struct cgroup *cgroup, int pidfd);

#endif
