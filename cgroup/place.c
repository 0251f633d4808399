/* SPDX-License-Identifier: Apache-2.0 */
#include "cgroup/place.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "cgroup/holder.h"
#include "cgroup/walk.h"

#define FILE_BYTES_MOST (16u << 20)
#define ATTEMPTS_MOST	50 /* to make a group where others remove those above */

const struct controller_names controller_names[CONTROLLERS] = {
	[CONTROLLER_BLKIO] = { "blkio", "io" },
	[CONTROLLER_CPU] = { "cpu", "cpu" },
	[CONTROLLER_CPUACCT] = { "cpuacct", NULL },
	[CONTROLLER_CPUSET] = { "cpuset", "cpuset" },
	[CONTROLLER_DEVICES] = { "devices", NULL },
	[CONTROLLER_FREEZER] = { "freezer", NULL },
	[CONTROLLER_HUGETLB] = { "hugetlb", "hugetlb" },
	[CONTROLLER_MEMORY] = { "memory", "memory" },
	[CONTROLLER_MISC] = { "misc", "misc" },
	[CONTROLLER_NET_CLS] = { "net_cls", NULL },
	[CONTROLLER_NET_PRIO] = { "net_prio", NULL },
	[CONTROLLER_PERF_EVENT] = { "perf_event", NULL },
	[CONTROLLER_PIDS] = { "pids", "pids" },
	[CONTROLLER_RDMA] = { "rdma", "rdma" },
};

void patience_begin(struct patience *patience)
{
	patience->end = clock_monotonic() + CGROUP_PATIENCE_SECONDS * 1000000000ull;
	patience->step = 100000;
}

bool patience_wait(struct patience *patience)
{
	struct timespec time = { .tv_nsec = (long)patience->step };

	if (clock_monotonic() >= patience->end)
		return false;
	(void)nanosleep(&time, NULL);
	if (patience->step < 50000000)
		patience->step *= 2;
	return true;
}

const char *place_group(const struct cgroup_place *place)
{
	return place->path + place->skip;
}

static int below_open(int folder_fd, const char *path, unsigned int flags)
{
	struct open_how how = {
		.flags = flags | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS,
	};
	int fd = (int)syscall(SYS_openat2, folder_fd, path, &how, sizeof(how));

	return fd < 0 ? -errno : fd;
}

static int folder_open(int folder_fd, const char *path)
{
	return below_open(folder_fd, path, O_RDONLY | O_DIRECTORY);
}

/* Without a message. */
static int place_reach(struct cgroup_place *place)
{
	if (place->group_fd < 0)
		place->group_fd = folder_open(place->mount_fd, place->path);
	return place->group_fd < 0 ? place->group_fd : 0;
}

int place_open(struct cgroup_place *place)
{
	int r = place_reach(place);

	if (r < 0)
		return error_errno(r, "cgroup %s/%s", place->root, place_group(place));
	return 0;
}

bool place_exists(const struct cgroup_place *place, const char *path)
{
	_cleanup_close_ int fd = below_open(place->mount_fd, path, O_PATH | O_DIRECTORY);

	return fd >= 0;
}

int place_open_entry(struct cgroup_place *place)
{
	const char *file = place->unified ? "cgroup.procs" : "tasks";
	_cleanup_free_ char *path = NULL;

	if (place->entry_fd >= 0)
		return 0;
	path = string_format("%s/%s", place->path, file);
	place->entry_fd = below_open(place->mount_fd, path, O_WRONLY);
	if (place->entry_fd < 0)
		return error_errno(
			place->entry_fd, "%s/%s/%s", place->root, place_group(place), file);
	return 0;
}

int place_enter(struct cgroup_place *place)
{
	int r = place_open_entry(place);

	if (r < 0)
		return r;
	if (write(place->entry_fd, "0", 1) == 1)
		return 0;
	if (errno == ENOSPC && place->controllers & CONTROLLER_BIT(CONTROLLER_CPUSET))
		return error_set(ENOSPC, "cgroup %s/%s: has no CPUs or memory nodes", place->root,
			place_group(place));
	if (errno == EOPNOTSUPP)
		return error_set(EOPNOTSUPP,
			"cgroup %s/%s: lies in a threaded subtree, which holds threads but no "
			"processes",
			place->root, place_group(place));
	return error_errno(errno, "cgroup %s/%s: enter", place->root, place_group(place));
}

int place_make_parents(struct cgroup_place *place, place_prepare *prepare)
{
	_cleanup_free_ char *path = string_copy(place->path);
	_cleanup_close_ int parent_fd = -EBADF;

	if (place->skip) {
		path[place->skip - 1] = '\0';
		parent_fd = folder_open(place->mount_fd, path);
	} else {
		parent_fd = folder_open(place->mount_fd, ".");
	}
	if (parent_fd < 0)
		return parent_fd;
	for (char *name = path + place->skip, *slash; (slash = strchr(name, '/'));
		name = slash + 1) {
		_cleanup_close_ int fd = -EBADF;
		bool made;
		int r = 0;

		*slash = '\0';
		made = mkdirat(parent_fd, name, 0755) == 0;
		if (!made && errno != EEXIST)
			return -errno;
		fd = folder_open(parent_fd, name);
		if (fd >= 0 && prepare)
			r = prepare(place, parent_fd, fd, made);
		if (fd < 0 || r < 0)
			return fd < 0 ? fd : r;
		file_close(&parent_fd);
		parent_fd = TAKE_FD(fd);
	}
	return 0;
}

int place_open_parent(const struct cgroup_place *place)
{
	_cleanup_free_ char *path = string_copy(place->path);
	char *slash = strrchr(path, '/');

	if (slash)
		*slash = '\0';
	return folder_open(place->mount_fd, slash ? path : ".");
}

int place_make(struct cgroup_place *place, place_prepare *prepare)
{
	int r = mkdirat(place->mount_fd, place->path, 0755) < 0 ? -errno : 0;

	/* A group above that holds nothing may be removed by somebody until ours is in it. */
	for (int attempt = 0; (r == -ENOENT || r == -ENODEV) && attempt < ATTEMPTS_MOST; attempt++) {
		r = place_make_parents(place, prepare);
		if (r >= 0)
			r = mkdirat(place->mount_fd, place->path, 0755) < 0 ? -errno : 0;
	}
	if (r < 0 && r != -EEXIST)
		return error_errno(r, "cgroup %s/%s: make", place->root, place_group(place));
	place->made = r >= 0;
	place->taken = !place->made;
	return 0;
}

struct process_list {
	pid_t **pids;
	size_t *count;
};

static int folder_processes(int folder_fd, const char *name, void *argument)
{
	_cleanup_free_ char *path = string_format("%s/cgroup.procs", name);
	_cleanup_buffer_ struct buffer text = { 0 };
	struct process_list *list = argument;
	int r = file_read_at(folder_fd, path, &text, FILE_BYTES_MOST);

	/* Gone meanwhile; or a threaded group, whose processes the group above lists. */
	if (r == -ENOENT || r == -ENODEV || r == -EOPNOTSUPP)
		return 0;
	if (r < 0 || !text.data)
		return r;
	for (char *at = text.data, *end; *at; at = end + strspn(end, "\n")) {
		long pid = strtol(at, &end, 10);

		if (end == at)
			break;
		if (pid <= 0) /* of a pid namespace that we cannot see */
			continue;
		*list->pids = memory_resize(*list->pids, (*list->count + 1) * sizeof(pid_t));
		(*list->pids)[(*list->count)++] = (pid_t)pid;
	}
	return 0;
}

int place_processes(struct cgroup_place *place, pid_t **pids, size_t *count)
{
	struct process_list list = { .pids = pids, .count = count };
	int r = place_reach(place);

	if (r == -ENOENT)
		return 0;
	if (r >= 0)
		r = folder_processes(place->group_fd, ".", &list);
	if (r >= 0)
		r = walk_groups(place->group_fd, folder_processes, &list);
	if (r < 0)
		return error_errno(
			r, "cgroup %s/%s: list of processes", place->root, place_group(place));
	return 0;
}

struct file_text {
	const char *file, *text;
};

static int folder_write(int folder_fd, const char *name, void *argument)
{
	const struct file_text *write = argument;
	_cleanup_free_ char *path = string_format("%s/%s", name, write->file);

	(void)file_write_at(folder_fd, path, write->text);
	return 0;
}

void place_write_all(struct cgroup_place *place, const char *file, const char *value)
{
	struct file_text write = { .file = file, .text = value };

	if (place_reach(place) < 0)
		return;
	(void)folder_write(place->group_fd, ".", &write);
	(void)walk_groups(place->group_fd, folder_write, &write);
}

static int folder_remove(int folder_fd, const char *name, void *argument)
{
	(void)argument;
	/* Whether it worked is seen when the group above is removed. */
	(void)unlinkat(folder_fd, name, AT_REMOVEDIR);
	return 0;
}

static int place_busy(struct cgroup_place *place)
{
	_cleanup_free_ pid_t *pids = NULL;
	_cleanup_buffer_ struct buffer holder = { 0 };
	size_t count = 0;

	if (place_processes(place, &pids, &count) < 0 || !count)
		return error_errno(EBUSY, "cgroup %s/%s: remove", place->root, place_group(place));
	holder_describe(&holder, pids, count);
	return error_set(EBUSY, "cgroup %s/%s: cannot be removed, %s", place->root,
		place_group(place), holder.data);
}

int place_remove(struct cgroup_place *place, struct patience *patience)
{
	for (;;) {
		if (!unlinkat(place->mount_fd, place->path, AT_REMOVEDIR) || errno == ENOENT)
			return 0;
		if (errno != EBUSY && errno != ENOTEMPTY)
			return error_errno(
				errno, "cgroup %s/%s: remove", place->root, place_group(place));
		if (place_reach(place) >= 0)
			(void)walk_groups(place->group_fd, folder_remove, NULL);
		if (!unlinkat(place->mount_fd, place->path, AT_REMOVEDIR) || errno == ENOENT)
			return 0;
		if (!patience_wait(patience))
			return place_busy(place);
	}
}

void place_remove_parents(struct cgroup_place *place)
{
	_cleanup_free_ char *path = string_copy(place->path);
	char *slash;

	while ((slash = strrchr(path + place->skip, '/'))) {
		*slash = '\0';
		/* Ours stays; a group with anything in it does by itself. */
		if (!strcmp(path + place->skip, "hull") ||
			unlinkat(place->mount_fd, path, AT_REMOVEDIR) < 0)
			return;
	}
}

void place_close(struct cgroup_place *place)
{
	file_close(&place->group_fd);
	file_close(&place->entry_fd);
	memory_free_pointer(&place->name);
	memory_free_pointer(&place->root);
	memory_free_pointer(&place->path);
}

int place_write(struct cgroup_place *place, const char *file, const char *value)
{
	int r = place_open(place);

	if (r < 0)
		return r;
	r = file_write_at(place->group_fd, file, value);
	if (r < 0)
		return error_errno(
			r, "%s/%s/%s: write \"%s\"", place->root, place_group(place), file, value);
	return 0;
}

int place_read(struct cgroup_place *place, const char *file, struct buffer *buffer)
{
	int r = place_reach(place);

	if (r < 0)
		return r;
	r = file_read_at(place->group_fd, file, buffer, FILE_BYTES_MOST);
	if (r >= 0)
		buffer_text(buffer, ""); /* an empty file is an empty text */
	return r;
}

int place_read_number(struct cgroup_place *place, const char *file, uint64_t *number)
{
	_cleanup_buffer_ struct buffer text = { 0 };
	char *end;
	int r = place_read(place, file, &text);

	if (r < 0)
		return r;
	if (!strncmp(text.data, "max", 3) || text.data[0] == '-') {
		*number = UINT64_MAX;
		return 0;
	}
	errno = 0;
	*number = strtoull(text.data, &end, 10);
	return errno || end == text.data ? -EINVAL : 0;
}

int place_read_key(struct cgroup_place *place, const char *file, const char *key, uint64_t *value)
{
	_cleanup_buffer_ struct buffer text = { 0 };
	size_t length = strlen(key);
	int r = place_read(place, file, &text);

	if (r < 0)
		return r;
	for (const char *line = text.data; *line;
		line += strcspn(line, "\n"), line += *line == '\n')
		if (!strncmp(line, key, length) && line[length] == ' ') {
			*value = strtoull(line + length + 1, NULL, 10);
			return 0;
		}
	return -ENOENT;
}

bool place_has(struct cgroup_place *place, const char *file)
{
	return place_reach(place) >= 0 && !faccessat(place->group_fd, file, F_OK, 0);
}
