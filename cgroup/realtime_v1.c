/* SPDX-License-Identifier: Apache-2.0 */

/* v1's real-time budget (sched-rt-group.rst): see resources.h. */
#include <errno.h>
#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "cgroup/resources.h"
#include "cgroup/tenant.h"

#define OURS "hull/" /* groups above the container's that nobody but hull makes */

/* The share of a CPU that a group may use in real time, in millionths. */
static uint64_t realtime_share(int fd, const char *name)
{
	_cleanup_free_ char *runtime_file = string_format("%s/cpu.rt_runtime_us", name);
	_cleanup_free_ char *period_file = string_format("%s/cpu.rt_period_us", name);
	long long runtime = 0, period = 0;

	if (file_read_number_at(fd, runtime_file, &runtime) < 0 || runtime <= 0 ||
		file_read_number_at(fd, period_file, &period) < 0 || period <= 0)
		return 0;
	/* Rounded up: less than the sum of the groups below is refused. */
	return ((uint64_t)runtime * 1000000 + (uint64_t)period - 1) / (uint64_t)period;
}

static uint64_t realtime_share_below(int fd)
{
	DIR *folder = fdopendir(openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	struct dirent *entry;
	uint64_t sum = 0;

	while (folder && (entry = readdir(folder)))
		if (entry->d_type == DT_DIR && strcmp(entry->d_name, ".") != 0 &&
			strcmp(entry->d_name, "..") != 0)
			sum += realtime_share(fd, entry->d_name);
	if (folder)
		(void)closedir(folder);
	return sum;
}

/* Give the group what its children have and EXTRA millionths of a CPU. */
static int realtime_set(int fd, uint64_t extra)
{
	uint64_t share = realtime_share_below(fd) + extra;
	long long period = 1000000;
	char text[24];

	(void)file_read_number_at(fd, "cpu.rt_period_us", &period);
	(void)snprintf(
		text, sizeof(text), "%" PRIu64, (share * (uint64_t)period + 999999) / 1000000);
	return file_write_at(fd, "cpu.rt_runtime_us", text);
}

/* A tenant's budget is what its owner has set, not what the groups below happen to want. */
static bool realtime_is_tenants(const char *group)
{
	const char *slash = strrchr(group, '/');
	const char *above = slash;

	while (above && above > group && above[-1] != '/')
		above--;
	return above && tenant_is_level(above);
}

/*
 * The groups of ours above the container's as descriptors, outermost first;
 * the first one is locked, so that two containers do not count at once.
 */
static int realtime_parents(struct cgroup_place *place, int fds[], size_t most, size_t *count)
{
	_cleanup_free_ char *path = string_copy(place->path);
	char *at = path + place->skip;
	char *slash;

	*count = 0;
	if (strncmp(at, OURS, strlen(OURS)) != 0 || realtime_is_tenants(at))
		return 0;
	for (; (slash = strchr(at, '/')) && *count < most; at = slash + 1) {
		int fd;

		*slash = '\0';
		fd = openat(place->mount_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		*slash = '/';
		if (fd < 0)
			return -errno;
		if (!*count)
			(void)flock(fd, LOCK_EX);
		fds[(*count)++] = fd;
	}
	return 0;
}

#define PARENTS_MOST 16

bool realtime_is_given(struct cgroup_place *place)
{
	_cleanup_free_ char *file = string_format("%s/cpu.rt_runtime_us", place->path);
	long long runtime = 0;

	return file_read_number_at(place->mount_fd, file, &runtime) >= 0 && runtime > 0;
}

int realtime_make_room(struct cgroup_place *place, const char *runtime)
{
	uint64_t wanted = strtoull(runtime, NULL, 10), period = 1000000, share;
	int fds[PARENTS_MOST];
	size_t count;
	uint64_t had = place_open(place) >= 0 ? realtime_share(place->group_fd, ".") : 0;
	int r = realtime_parents(place, fds, PARENTS_MOST, &count);

	(void)place_read_number(place, "cpu.rt_period_us", &period);
	share = period ? (wanted * 1000000 + period - 1) / period : 0;
	share -= share < had ? share : had;
	for (size_t i = 0; r >= 0 && i < count; i++)
		r = realtime_set(fds[i], share);
	if (r >= 0)
		r = place_write(place, "cpu.rt_runtime_us", runtime);
	/* Room that was not taken is given back; the innermost first, as sums must fit. */
	for (size_t i = count; i-- > 0;) {
		if (r < 0)
			(void)realtime_set(fds[i], 0);
		file_close(&fds[i]);
	}
	if (r == -EINVAL)
		return error_set(r,
			"cgroup %s/%s: the groups above it have no real-time budget of %s "
			"microseconds left (cpu.rt_runtime_us)",
			place->root, place_group(place), runtime);
	return r < 0 ? error_errno(
			       r, "cgroup %s/%s: real-time budget", place->root, place_group(place))
		     : 0;
}

void realtime_drop(struct cgroup_place *place)
{
	if (place_open(place) >= 0)
		(void)file_write_at(place->group_fd, "cpu.rt_runtime_us", "0");
}

int realtime_give_back(struct cgroup_place *place)
{
	int fds[PARENTS_MOST], result = 0;
	size_t count;

	(void)realtime_parents(place, fds, PARENTS_MOST, &count);
	for (size_t i = count; i-- > 0;) {
		int r = realtime_set(fds[i], 0);

		result = r < 0 ? r : result;
		file_close(&fds[i]);
	}
	return result;
}
