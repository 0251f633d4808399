/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_RUNTIME_WHISPER_WRITER_H
#define HULL_RUNTIME_WHISPER_WRITER_H

#include "cgroup/cgroup.h"

/*
 * The process that writes the whisper's page until the process of PIDFD, the container's
 * first, has ended. It stays in the cgroup of whoever called hull: in the container's the
 * container's quota would stop it, and the page with it, and a group above has no processes
 * on v2. It reads procfs and cgroup files and has no capabilities.
 *
 * It takes at most a hundredth of a processor: what one round has cost decides when the
 * next one comes, from 4 ms for a few threads to a second.
 */
_Noreturn void whisper_write(int page_fd, int pidfd, const struct cgroup *cgroup);

#endif
