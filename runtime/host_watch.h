/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_RUNTIME_HOST_WATCH_H
#define HULL_RUNTIME_HOST_WATCH_H

#include "runtime/isolation.h"

/* `watch` of the host's isolation (runtime/isolation.h), for a container in CGROUP. */
int host_watch_run(const struct container *container, const struct cgroup *cgroup,
	const struct watch_request *request);

#endif
