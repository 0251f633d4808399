/* SPDX-License-Identifier: Apache-2.0 */
#include "cgroup/watch.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "base/memory.h"
#include "cgroup/driver.h"

const char *const pressure_resource_names[PRESSURE_RESOURCES] = { "cpu", "memory", "io" };

static const char *const pressure_files[PRESSURE_RESOURCES] = { "cpu.pressure", "memory.pressure",
	"io.pressure" };

/*
 * How often the memory ran out. `oom` counts the limit that was reached,
 * `oom_kill` the processes that were ended, by a global shortage too: one
 * occasion raises both, a moment after each other.
 */
static int oom_count(int fd, uint64_t *count)
{
	_cleanup_buffer_ struct buffer text = { 0 };
	unsigned long long number;
	int r;

	*count = 0;
	if (lseek(fd, 0, SEEK_SET) < 0)
		return -errno;
	r = file_read_fd(fd, &text, 65536);
	for (const char *line = text.data; r >= 0 && line && *line;
		line = strchr(line, '\n'), line += !!line)
		if ((sscanf(line, "oom %llu", &number) == 1 ||
			    sscanf(line, "oom_kill %llu", &number) == 1) &&
			number > *count)
			*count = number;
	return r;
}

static int watch_oom_v2(struct cgroup_watch *watch)
{
	int r;

	watch->oom_fd =
		openat(watch->memory->group_fd, "memory.events", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	/* Without the controller there is no limit that could be reached. */
	if (watch->oom_fd < 0)
		return errno == ENOENT ? 0 : error_errno(errno, "memory.events");
	r = oom_count(watch->oom_fd, &watch->oom_seen);
	return r < 0 ? error_errno(r, "memory.events") : 0;
}

static int watch_oom_v1(struct cgroup_watch *watch)
{
	struct cgroup_place *place = watch->memory;
	_cleanup_close_ int control_fd =
		openat(place->group_fd, "memory.oom_control", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	char text[32];

	if (control_fd < 0)
		return error_errno(errno, "memory.oom_control");
	watch->oom_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (watch->oom_fd < 0)
		return error_errno(errno, "eventfd");
	(void)snprintf(text, sizeof(text), "%d %d", watch->oom_fd, control_fd);
	return place_write(place, "cgroup.event_control", text);
}

static int watch_oom(struct cgroup_watch *watch, const struct cgroup *cgroup)
{
	int r;

	watch->memory = cgroup_v1_place(cgroup, CONTROLLER_MEMORY);
	if (!watch->memory)
		watch->memory = cgroup->v2;
	if (!watch->memory)
		return 0;
	r = place_open(watch->memory);
	if (r < 0)
		return r;
	return watch->memory->unified ? watch_oom_v2(watch) : watch_oom_v1(watch);
}

static int pressure_refused(const struct pressure_trigger *trigger, int error)
{
	const char *name = pressure_resource_names[trigger->resource];

	if (error == EINVAL)
		return error_set(EINVAL,
			"pressure of %s: the kernel refuses %" PRIu64 " in %" PRIu64
			" microseconds; without CAP_SYS_RESOURCE it only takes windows of 2, 4, 6, "
			"8 "
			"and 10 seconds",
			name, trigger->stall, trigger->window);
	if (error == EOPNOTSUPP || error == ENOENT)
		return error_set(
			EOPNOTSUPP, "pressure of %s: this kernel does not measure it (psi)", name);
	return error_errno(error, "pressure of %s", name);
}

static int watch_pressure(struct cgroup_watch *watch, const struct pressure_trigger *trigger)
{
	_cleanup_close_ int fd = -EBADF;
	char text[64];
	int length = snprintf(text, sizeof(text), "%s %" PRIu64 " %" PRIu64,
		trigger->full ? "full" : "some", trigger->stall, trigger->window);

	if (watch->v2)
		fd = openat(watch->v2->group_fd, pressure_files[trigger->resource],
			O_RDWR | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW);
	else
		errno = ENOENT;
	/* With its NUL, as psi.rst shows it. */
	if (fd < 0 || write(fd, text, (size_t)length + 1) < 0) {
		int r = pressure_refused(trigger, errno);

		if (!trigger->optional)
			return r;
		log_debug("%s", error_text(r));
		error_clear();
		return 0;
	}
	watch->pressures[watch->count].trigger = *trigger;
	watch->pressures[watch->count++].fd = TAKE_FD(fd);
	return 0;
}

int cgroup_watch_open(struct cgroup_watch *watch, const struct cgroup *cgroup,
	const struct pressure_trigger *triggers, size_t count)
{
	int r = 0;

	*watch = (struct cgroup_watch){ .oom_fd = -EBADF, .v2 = cgroup->v2 };
	if (count > PRESSURE_TRIGGERS_MOST)
		return error_set(
			EINVAL, "at most %d kinds of pressure at once", PRESSURE_TRIGGERS_MOST);
	if (watch->v2)
		r = place_open(watch->v2);
	if (r >= 0)
		r = watch_oom(watch, cgroup);
	for (size_t i = 0; r >= 0 && i < count; i++)
		r = watch_pressure(watch, &triggers[i]);
	if (r < 0)
		cgroup_watch_close(watch);
	return r;
}

size_t cgroup_watch_descriptors(
	const struct cgroup_watch *watch, struct pollfd descriptors[CGROUP_WATCH_MOST])
{
	bool counts = watch->memory && !watch->memory->unified; /* an eventfd does */

	/* poll(2) passes over -1. */
	descriptors[0] = (struct pollfd){ .fd = watch->oom_fd < 0 ? -1 : watch->oom_fd,
		.events = counts ? POLLIN : POLLPRI };
	for (size_t i = 0; i < watch->count; i++)
		descriptors[1 + i] =
			(struct pollfd){ .fd = watch->pressures[i].fd < 0 ? -1
									  : watch->pressures[i].fd,
				.events = POLLPRI };
	return 1 + watch->count;
}

/* How often since the last time; -1 when the group is gone. */
static int64_t oom_new(struct cgroup_watch *watch)
{
	uint64_t count = 0, before = watch->oom_seen;

	if (watch->memory->unified) {
		if (oom_count(watch->oom_fd, &count) < 0)
			return -1;
		watch->oom_seen = count;
		return (int64_t)(count - before);
	}
	if (read(watch->oom_fd, &count, sizeof(count)) != (ssize_t)sizeof(count))
		return 0;
	/* v1 tells the end of the group in the same way. */
	if (!place_has(watch->memory, "cgroup.event_control"))
		return count > 1 ? (int64_t)count - 1 : -1;
	return (int64_t)count;
}

void cgroup_watch_read(struct cgroup_watch *watch, const struct pollfd *descriptors,
	cgroup_watch_tell *tell, void *context)
{
	if (descriptors[0].revents) {
		int64_t count = oom_new(watch);

		for (int64_t i = 0; i < count; i++)
			tell(context, NULL);
		if (count < 0)
			file_close(&watch->oom_fd);
	}
	for (size_t i = 0; i < watch->count; i++) {
		short seen = descriptors[1 + i].revents;

		/* POLLERR: the group is gone. */
		if (seen & (POLLERR | POLLNVAL))
			file_close(&watch->pressures[i].fd);
		else if (seen)
			tell(context, &watch->pressures[i].trigger);
	}
}

void cgroup_watch_close(struct cgroup_watch *watch)
{
	file_close(&watch->oom_fd);
	for (size_t i = 0; i < watch->count; i++)
		file_close(&watch->pressures[i].fd);
	watch->count = 0;
}

void cgroup_watch_write_pressure(const struct cgroup_watch *watch, enum pressure_resource resource,
	struct json_writer *writer)
{
	struct stats_pressure pressure = { 0 };

	if (watch->v2)
		stats_read_pressure(watch->v2, pressure_files[resource], &pressure);
	stats_write_pressure(&pressure, writer);
}
