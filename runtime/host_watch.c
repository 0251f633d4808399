/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/host_watch.h"

#include <errno.h>
#include <poll.h>
#include <time.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "cgroup/watch.h"

struct telling {
	const struct watch_request *request;
	const struct cgroup_watch *watch;
	int result;
};

static void telling_event(void *context, const struct pressure_trigger *trigger)
{
	struct telling *telling = context;
	const struct watch_request *request = telling->request;
	_cleanup_buffer_ struct buffer text = { 0 };
	struct json_writer writer = { .buffer = &text };

	if (telling->result < 0)
		return;
	if (!trigger) {
		telling->result = request->tell(request->context, "oom", NULL);
		return;
	}
	json_begin_object(&writer, NULL);
	json_write_string(&writer, "resource", pressure_resource_names[trigger->resource]);
	json_write_string(&writer, "kind", trigger->full ? "full" : "some");
	json_write_unsigned(&writer, "stall", trigger->stall);
	json_write_unsigned(&writer, "window", trigger->window);
	cgroup_watch_write_pressure(telling->watch, trigger->resource, &writer);
	json_end_object(&writer);
	telling->result = request->tell(request->context, "pressure", text.data);
}

/* Wait for whatever comes first, at most until END. 1 when the container has ended. */
static int watch_once(struct cgroup_watch *watch, int pidfd, uint64_t end, struct telling *telling)
{
	struct pollfd descriptors[1 + CGROUP_WATCH_MOST] = { { .fd = pidfd, .events = POLLIN } };
	size_t count = 1 + cgroup_watch_descriptors(watch, descriptors + 1);
	uint64_t now = clock_monotonic(), left = end > now ? end - now : 0;
	const struct timespec time = { (time_t)(left / 1000000000), (long)(left % 1000000000) };

	if (ppoll(descriptors, count, &time, NULL) < 0)
		return errno == EINTR ? 0 : error_errno(errno, "poll");
	/* Memory that ran out may be the reason of the end: it is told first. */
	cgroup_watch_read(watch, descriptors + 1, telling_event, telling);
	if (telling->result < 0)
		return telling->result;
	return descriptors[0].revents != 0;
}

int host_watch_run(const struct container *container, const struct cgroup *cgroup,
	const struct watch_request *request)
{
	_cleanup_close_ int pidfd = container_process_open(container);
	uint64_t next = clock_monotonic() + request->interval;
	struct cgroup_watch watch;
	struct telling telling = { request, &watch, 0 };
	int r = 0;

	if (pidfd < 0)
		return error_set(ESRCH, "container not running: %s", container->id);
	r = cgroup_watch_open(&watch, cgroup, request->triggers, request->trigger_count);
	if (r < 0)
		return r;
	while (r == 0) {
		uint64_t now;

		r = watch_once(&watch, pidfd, next, &telling);
		now = clock_monotonic();
		if (r != 0 || now < next)
			continue;
		r = request->tick(request->context);
		next += request->interval;
		/* After a stop, not all that was missed at once. */
		if (next < now)
			next = now + request->interval;
	}
	cgroup_watch_close(&watch);
	return r < 0 ? r : 0;
}
