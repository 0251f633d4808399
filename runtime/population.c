/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/population.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/nsfs.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/process.h"

#define ROUNDS_MOST 100 /* for what forks faster than we signal */
#define DEPTH_MOST  32	/* of pid namespaces: the kernel's own limit */

static int namespace_open_of(pid_t pid, const char *type)
{
	char path[48];

	(void)snprintf(path, sizeof(path), "/proc/%d/ns/%s", pid, type);
	return open(path, O_RDONLY | O_CLOEXEC);
}

static bool same_file(int fd, const struct stat *other)
{
	struct stat st;

	return fstat(fd, &st) == 0 && st.st_ino == other->st_ino && st.st_dev == other->st_dev;
}

/* Its namespace is this one, or lies below it: pid namespaces know the one they are in. */
static bool process_belongs(pid_t pid, const char *type, const struct stat *wanted)
{
	_cleanup_close_ int fd = namespace_open_of(pid, type);

	for (int depth = 0; fd >= 0 && depth < DEPTH_MOST; depth++) {
		int above;

		if (same_file(fd, wanted))
			return true;
		if (strcmp(type, "pid") != 0)
			return false;
		above = ioctl(fd, NS_GET_PARENT);
		file_close(&fd);
		fd = above;
	}
	return false;
}

static int population_search(const char *type, const struct stat *wanted, struct pid_list *list)
{
	DIR *processes = opendir("/proc");
	struct dirent *entry;

	if (!processes)
		return error_errno(errno, "/proc");
	while ((entry = readdir(processes))) {
		pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);

		if (pid > 0 && process_belongs(pid, type, wanted))
			pid_list_add(list, pid);
	}
	(void)closedir(processes);
	return 0;
}

/* A kind of namespace that was made for the container, so that only its processes are in it. */
static const char *population_type(const struct container *container)
{
	_cleanup_config_ struct config config = { 0 };

	if (!container->record.shared_pids)
		return "pid";
	if (container_load_config(container, &config) >= 0 &&
		config_namespace_is_new(&config, NAMESPACE_MOUNT))
		return "mnt";
	error_clear();
	return NULL;
}

/* 1 with the namespace that its processes are in; 0 when it has none, or has ended. */
static int population_mark(const struct container *container, const char *type, struct stat *mark)
{
	_cleanup_close_ int fd = -EBADF;
	int r;

	if (!type)
		return 0;
	fd = namespace_open_of((pid_t)container->record.pid, type);
	r = fd < 0 || fstat(fd, mark) < 0 ? -errno : 1;
	/* Only now is it sure that this was not another process's. */
	if (!container_runs(container))
		return 0;
	return r < 0 ? error_errno(r, "cannot look at the container's processes") : r;
}

int population_list(const struct container *container, pid_t **pids, size_t *count)
{
	const char *type = population_type(container);
	struct pid_list list = { 0 };
	struct stat mark;
	int r = population_mark(container, type, &mark);

	if (r > 0)
		r = population_search(type, &mark, &list);
	else if (r == 0 && container_runs(container))
		pid_list_add(&list, (pid_t)container->record.pid);
	*pids = list.items;
	*count = list.count;
	return r < 0 ? r : 0;
}

/* A pid alone may be another process by the time it is used: held first, then looked at again. */
static int signal_one(const char *type, const struct stat *mark, pid_t pid, int signal)
{
	_cleanup_close_ int pidfd = process_open(pid);
	int r;

	if (pidfd < 0 || !process_belongs(pid, type, mark))
		return 0;
	r = process_signal(pidfd, signal);
	return r < 0 && r != -ESRCH ? error_errno(r, "process %d: signal %d", pid, signal) : 0;
}

/* Those that are not DONE yet; how many there were, or an error. */
static int signal_round(
	const char *type, const struct stat *mark, int signal, struct pid_list *done)
{
	struct pid_list now = { 0 };
	int r = population_search(type, mark, &now), fresh = 0;

	for (size_t i = 0; r >= 0 && i < now.count; i++) {
		if (pid_list_has(done, now.items[i]))
			continue;
		pid_list_add(done, now.items[i]);
		r = signal_one(type, mark, now.items[i], signal);
		fresh++;
	}
	free(now.items);
	return r < 0 ? r : fresh;
}

static int signal_first(const struct container *container, int signal)
{
	_cleanup_close_ int pidfd = container_process_open(container);
	int r = pidfd < 0 ? -ESRCH : process_signal(pidfd, signal);

	return r < 0 && r != -ESRCH ? error_errno(r, "signal %d", signal) : 0;
}

int population_signal(const struct container *container, int signal)
{
	const char *type = population_type(container);
	struct pid_list done = { 0 };
	struct stat mark;
	int r;

	/* With the first process of a pid namespace all others end. */
	if (signal == SIGKILL && !container->record.shared_pids)
		return signal_first(container, signal);
	r = population_mark(container, type, &mark);
	if (r == 0)
		return signal_first(container, signal);
	for (int round = 0; r > 0 && round < ROUNDS_MOST; round++)
		r = signal_round(type, &mark, signal, &done);
	free(done.items);
	return r < 0 ? r : 0;
}
