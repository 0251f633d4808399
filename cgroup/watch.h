/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_CGROUP_WATCH_H
#define HULL_CGROUP_WATCH_H

/*
 * What a group tells while it lives: that its memory ran out (memory.events on
 * v2, memory.oom_control on v1), and that its processes were held up for want
 * of something (Documentation/accounting/psi.rst, "Monitoring for pressure
 * thresholds"). The kernel tells; nothing is asked again and again.
 */
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cgroup/cgroup.h"

enum pressure_resource { PRESSURE_CPU, PRESSURE_MEMORY, PRESSURE_IO, PRESSURE_RESOURCES };

extern const char *const pressure_resource_names[PRESSURE_RESOURCES]; /* "cpu", "memory", "io" */

/* Tell when some or all of the processes stood still for STALL within WINDOW (microseconds). */
struct pressure_trigger {
	enum pressure_resource resource;
	bool full;
	uint64_t stall, window; /* the kernel takes windows of 0.5 to 10 seconds */
	bool optional;		/* go on where the kernel does not have it */
};

#define PRESSURE_TRIGGERS_MOST 16
#define CGROUP_WATCH_MOST      (1 + PRESSURE_TRIGGERS_MOST)

struct cgroup_watch {
	struct cgroup_place *memory, *v2; /* of the group, which must outlive the watch */
	int oom_fd;			  /* or -1 */
	uint64_t oom_seen;
	size_t count;
	struct {
		struct pressure_trigger trigger;
		int fd;
	} pressures[PRESSURE_TRIGGERS_MOST];
};

/*
 * What cgroup_watch_read calls, for each time that the memory ran out (TRIGGER
 * is NULL) and for each trigger that fired.
 */
typedef void cgroup_watch_tell(void *context, const struct pressure_trigger *trigger);

/* Watch CGROUP from now on. 0, or a negative errno with a message; then there is nothing to close. */
int cgroup_watch_open(struct cgroup_watch *watch, const struct cgroup *cgroup,
	const struct pressure_trigger *triggers, size_t count);

/* What poll(2) has to wait for; the number of entries. */
size_t cgroup_watch_descriptors(
	const struct cgroup_watch *watch, struct pollfd descriptors[CGROUP_WATCH_MOST]);

/* After poll(2) with the same descriptors. A group that is gone tells no more. */
void cgroup_watch_read(struct cgroup_watch *watch, const struct pollfd *descriptors,
	cgroup_watch_tell *tell, void *context);
void cgroup_watch_close(struct cgroup_watch *watch);

/* "psi": the present averages of a resource, as in the statistics; nothing where there are none. */
void cgroup_watch_write_pressure(const struct cgroup_watch *watch, enum pressure_resource resource,
	struct json_writer *writer);

#endif
