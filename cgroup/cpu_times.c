/* SPDX-License-Identifier: Apache-2.0 */
#include "cgroup/cpu_times.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/process.h"
#include "cgroup/driver.h"

/* "some MICROSECONDS WINDOW"; two seconds are the least that anybody may ask for. */
#define WAIT_TRIGGER "some 100 2000000"

static int meter_open_file(struct cgroup_place *place, const char *file)
{
	return place && place_open(place) >= 0 ? openat(place->group_fd, file, O_RDONLY | O_CLOEXEC)
					       : -EBADF;
}

int cpu_meter_open(struct cpu_meter *meter, const struct cgroup *cgroup)
{
	struct cgroup_place *v1 = cgroup_v1_place(cgroup, CONTROLLER_CPU);
	struct cgroup_place *all = cgroup->v2 ? cgroup->v2 : cgroup->v1;

	*meter = (struct cpu_meter){ .cgroup = cgroup, .group_fd = -EBADF };
	meter->processes_fd = meter_open_file(all, "cgroup.procs");
	if (meter->processes_fd >= 0)
		meter->group_fd = all->group_fd;
	meter->usage_fd =
		meter_open_file(cgroup_v1_place(cgroup, CONTROLLER_CPUACCT), "cpuacct.usage");
	if (meter->usage_fd < 0) {
		meter->usage_fd = meter_open_file(cgroup->v2, "cpu.stat");
		meter->usage_key = "usage_usec";
	}
	if (meter->usage_fd < 0)
		return error_set(EOPNOTSUPP, "nothing counts the container's processor time");
	meter->throttled_key = v1 ? "throttled_time" : "throttled_usec";
	meter->throttled_fd = v1 ? meter_open_file(v1, "cpu.stat")
				 : meter_open_file(cgroup->v2, "cpu.stat.local");
	/* Before Linux 6.7. */
	if (!v1 && meter->throttled_fd < 0)
		meter->throttled_fd = meter_open_file(cgroup->v2, "cpu.stat");
	return 0;
}

int cpu_meter_open_waits(const struct cgroup *cgroup)
{
	_cleanup_close_ int fd = -EBADF;

	if (!cgroup->v2 || place_open(cgroup->v2) < 0)
		return -EBADF;
	fd = openat(cgroup->v2->group_fd, "cpu.pressure", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 || write(fd, WAIT_TRIGGER, sizeof(WAIT_TRIGGER)) < 0)
		return -EBADF;
	return TAKE_FD(fd);
}

static int meter_read(int fd, const char *key, uint64_t *value)
{
	char text[1024], *found = text;
	ssize_t n = fd < 0 ? 0 : pread(fd, text, sizeof(text) - 1, 0);

	if (n < 0)
		return -errno;
	text[n] = '\0';
	if (key)
		found = strstr(text, key);
	*value = found ? strtoull(found + (key ? strlen(key) : 0), NULL, 10) : 0;
	return 0;
}

int cpu_meter_read(const struct cpu_meter *meter, struct cpu_times *times)
{
	int r = meter_read(meter->usage_fd, meter->usage_key, &times->usage);

	if (r >= 0)
		r = meter_read(meter->throttled_fd, meter->throttled_key, &times->throttled);
	times->usage *= meter->usage_key ? 1000 : 1;
	times->throttled *= strstr(meter->throttled_key, "usec") ? 1000 : 1;
	return r;
}

static int meter_read_processes(const struct cpu_meter *meter, pid_t **pids, size_t *count)
{
	_cleanup_buffer_ struct buffer text = { 0 };
	int r = lseek(meter->processes_fd, 0, SEEK_SET) < 0
			? -errno
			: file_read_fd(meter->processes_fd, &text, 1u << 20);
	struct pid_list list = { 0 };
	char *next = text.data, *end;

	if (r < 0)
		return r;
	for (pid_t pid; next && (pid = (pid_t)strtol(next, &end, 10)) && end != next; next = end)
		pid_list_add(&list, pid);
	*pids = list.items;
	*count = list.count;
	return 0;
}

int cpu_meter_processes(const struct cpu_meter *meter, pid_t **pids, size_t *count)
{
	struct stat st;

	/* A group's folder has a link for each group below, and two of its own. */
	if (meter->group_fd < 0 || fstat(meter->group_fd, &st) < 0 || st.st_nlink > 2)
		return cgroup_processes(meter->cgroup, pids, count);
	return meter_read_processes(meter, pids, count);
}
