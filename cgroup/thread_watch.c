/* SPDX-License-Identifier: Apache-2.0 */
#include "cgroup/thread_watch.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"

struct thread {
	pid_t pid, id;
	uint64_t ran, waited; /* as schedstat has them */
	uint64_t ahead;	      /* of its present wait: counted before schedstat does */
	unsigned int cpu;
	bool runnable, running, was_waiting;
	uint64_t ran_now; /* since the last look */
};

struct thread_watch {
	int proc_fd;
	unsigned int cpus;
	uint64_t looked; /* when; 0: never */
	struct thread *before, *now;
	size_t before_count, now_count, cursor;
};

struct thread_watch *thread_watch_new(int proc_fd, unsigned int cpus)
{
	struct thread_watch *watch = memory_allocate_zero(sizeof(*watch));

	watch->proc_fd = proc_fd;
	watch->cpus = cpus;
	watch->before = memory_allocate(THREADS_MOST * sizeof(*watch->before));
	watch->now = memory_allocate(THREADS_MOST * sizeof(*watch->now));
	return watch;
}

bool thread_stat_parse(const char *text, char *state, unsigned int *cpu)
{
	/* A thread may be called anything. */
	const char *next = strrchr(text, ')');

	if (!next || next[1] != ' ' || !next[2])
		return false;
	*state = next[2];
	next += 2;
	for (int field = 3; field < 39; field++) {
		next = strchr(next, ' ');
		if (!next)
			return false;
		next++;
	}
	*cpu = (unsigned int)strtoul(next, NULL, 10);
	return true;
}

static bool thread_read(const struct thread_watch *watch, const struct thread *thread,
	const char *file, char *text, size_t bytes)
{
	_cleanup_close_ int fd = -EBADF;
	char path[64];
	ssize_t n;

	(void)snprintf(path, sizeof(path), "%d/task/%d/%s", thread->pid, thread->id, file);
	fd = openat(watch->proc_fd, path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, text, bytes - 1);
	if (n <= 0)
		return false;
	text[n] = '\0';
	return true;
}

static bool thread_read_times(const struct thread_watch *watch, const struct thread *thread,
	uint64_t *ran, uint64_t *waited)
{
	char text[80], *end;

	if (!thread_read(watch, thread, "schedstat", text, sizeof(text)))
		return false;
	*ran = strtoull(text, &end, 10);
	*waited = strtoull(end, NULL, 10);
	return true;
}

/* Threads come in about the same order each time, so the search nearly always ends at once. */
static const struct thread *thread_before(struct thread_watch *watch, pid_t id)
{
	for (size_t i = 0; i < watch->before_count; i++) {
		size_t at = (watch->cursor + i) % watch->before_count;

		if (watch->before[at].id == id) {
			watch->cursor = at + 1;
			return &watch->before[at];
		}
	}
	return NULL;
}

static void watch_add_thread(struct thread_watch *watch, pid_t pid, pid_t id)
{
	struct thread *thread = &watch->now[watch->now_count];
	char text[1024], state;

	*thread = (struct thread){ .pid = pid, .id = id };
	if (!thread_read_times(watch, thread, &thread->ran, &thread->waited) ||
		!thread_read(watch, thread, "stat", text, sizeof(text)) ||
		!thread_stat_parse(text, &state, &thread->cpu) || thread->cpu >= watch->cpus)
		return;
	thread->runnable = state == 'R';
	watch->now_count++;
}

static void watch_add_process(struct thread_watch *watch, pid_t pid)
{
	_cleanup_close_ int fd = -EBADF;
	const struct dirent *entry;
	char path[32];
	DIR *folder;

	(void)snprintf(path, sizeof(path), "%d/task", pid);
	fd = openat(watch->proc_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	folder = fd < 0 ? NULL : fdopendir(fd);
	if (!folder)
		return;
	(void)TAKE_FD(fd);
	while (watch->now_count < THREADS_MOST && (entry = readdir(folder)))
		if (entry->d_name[0] != '.')
			watch_add_thread(watch, pid, (pid_t)strtol(entry->d_name, NULL, 10));
	(void)closedir(folder);
}

/*
 * Who runs is seen by its time growing between two looks at it. Where this process runs
 * nobody else does: there the time since the last look tells what happens when it does not.
 */
static void watch_find_running(struct thread_watch *watch, uint64_t interval)
{
	unsigned int here = (unsigned int)sched_getcpu();

	for (size_t i = 0; i < watch->now_count; i++) {
		struct thread *thread = &watch->now[i];
		uint64_t ran, waited;

		if (!thread->runnable)
			continue;
		if (thread->cpu == here)
			thread->running = 2 * thread->ran_now >= interval;
		else if (thread_read_times(watch, thread, &ran, &waited))
			thread->running = ran > thread->ran;
	}
}

/*
 * schedstat counts a wait when it is over. One that lasted from the last look until now is
 * counted already, so that a long one is seen while it lasts.
 */
static uint64_t thread_waited(struct thread *thread, const struct thread *before, uint64_t interval)
{
	uint64_t counted = before ? thread->waited - before->waited : thread->waited;
	uint64_t ahead = before ? before->ahead : 0;

	thread->was_waiting = thread->runnable && !thread->running;
	if (counted)
		return counted > ahead ? counted - ahead : 0;
	thread->ahead = ahead;
	if (!before || !before->was_waiting || !thread->was_waiting || thread->ran_now)
		return 0;
	thread->ahead += interval;
	return interval;
}

void thread_watch_look(struct thread_watch *watch, const pid_t *pids, size_t count, uint64_t now,
	struct thread_cpu *cpus)
{
	uint64_t interval = watch->looked ? now - watch->looked : 0;
	struct thread *swap = watch->before;

	memset(cpus, 0, watch->cpus * sizeof(*cpus));
	watch->now_count = watch->cursor = 0;
	for (size_t i = 0; i < count; i++)
		watch_add_process(watch, pids[i]);
	for (size_t i = 0; i < watch->now_count; i++) {
		const struct thread *before = thread_before(watch, watch->now[i].id);

		watch->now[i].ran_now = watch->now[i].ran - (before ? before->ran : 0);
	}
	watch_find_running(watch, interval);
	watch->cursor = 0;
	for (size_t i = 0; i < watch->now_count; i++) {
		struct thread *thread = &watch->now[i];
		uint64_t waited = thread_waited(thread, thread_before(watch, thread->id), interval);
		struct thread_cpu *cpu = &cpus[thread->cpu];

		cpu->runnable += thread->runnable;
		cpu->running |= thread->running;
		/* What was before the first look is nobody's news. */
		if (!watch->looked)
			continue;
		cpu->ran += thread->ran_now;
		cpu->waited += waited;
	}
	watch->before = watch->now;
	watch->before_count = watch->now_count;
	watch->now = swap;
	watch->looked = now;
}
