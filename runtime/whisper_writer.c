/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/whisper_writer.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <math.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/memory.h"
#include "cgroup/cpu_times.h"
#include "cgroup/share_tree.h"
#include "cgroup/steal.h"
#include "cgroup/thread_watch.h"
#include "runtime/whisper_filter.h"
#include "runtime/whisper_page.h"

#define MILLISECOND	1000000ull
#define SECOND		1000000000ull
#define INTERVAL_LEAST	(4 * MILLISECOND)
#define INTERVAL_QUIET	(32 * MILLISECOND)
#define INTERVAL_MOST	SECOND
#define INTERVAL_WOKEN	(16 * SECOND) /* where the kernel wakes the writer when the group waits */
#define COST_FRACTION	100	      /* of a processor */
#define QUIET_ROUNDS	16	      /* until it is taken for quiet */
#define DOUBLING_ROUNDS 8	      /* then until the interval doubles */
#define QUIET_LOOK	8	      /* rounds of which one looks at the threads of a quiet one */
#define SHARE_INTERVAL	SECOND
#define STAT_LINE_BYTES 256 /* at most, of a processor in /proc/stat */
#define SHARE_FILES	128 /* that are kept open for it */

struct writer {
	struct cpu_meter meter;
	struct cpu_times times;
	struct whisper_page page;
	int proc_fd, load_fd, stat_fd;
	int wait_fd;	      /* tells that the group has waited, or -EBADF */
	int64_t clock_offset; /* the container's CLOCK_MONOTONIC minus ours */
	struct thread_watch *watch;
	struct thread_cpu *cpus;
	struct steal *steals;
	uint64_t *idle;	 /* of each processor, nanoseconds since boot */
	uint64_t looked; /* when */
	struct {
		struct kept_files kept;
		struct share_tree *tree;
		struct share_node *node;
		uint64_t next, usage, steal; /* when; the totals at the last time */
	} share;
	uint64_t throttled, carry;
	uint64_t interval, spent;
	unsigned int quiet;
};

/* Wherever there is room: whoever called hull may have been bound to the container's processor. */
static void writer_run_anywhere(unsigned int cpus)
{
	size_t bytes = CPU_ALLOC_SIZE(cpus);
	cpu_set_t *all = CPU_ALLOC(cpus);

	if (!all)
		return;
	memset(all, 0xff, bytes);
	(void)sched_setaffinity(0, bytes, all);
	CPU_FREE(all);
}

/* What it reads, anybody on the host may read. */
static void writer_drop_privileges(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	const struct __user_cap_data_struct none[2] = { 0 };

	for (unsigned long capability = 0; capability < 64; capability++)
		(void)prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);
	(void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	(void)syscall(SYS_capset, &header, none);
	(void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

/* "cpuN user nice system idle iowait …" in hundredths of a second. */
static void writer_read_idle(struct writer *writer, uint64_t *idle)
{
	size_t bytes = ((size_t)writer->page.header->cpus + 16) * STAT_LINE_BYTES;
	_cleanup_free_ char *text = memory_allocate(bytes);
	ssize_t n = pread(writer->stat_fd, text, bytes - 1, 0);
	const char *line;

	text[n < 0 ? 0 : n] = '\0';
	for (line = strstr(text, "\ncpu"); line; line = strstr(line + 1, "\ncpu")) {
		unsigned long long idle_ticks, wait_ticks;
		unsigned int cpu;

		if (sscanf(line, "\ncpu%u %*u %*u %*u %llu %llu", &cpu, &idle_ticks, &wait_ticks) ==
				3 &&
			cpu < writer->page.header->cpus)
			idle[cpu] = (idle_ticks + wait_ticks) * (SECOND / 100);
	}
}

/* Threads on the whole machine that want to run; the fourth word of /proc/loadavg. */
static unsigned int writer_count_runnable(const struct writer *writer)
{
	char text[80];
	ssize_t n = pread(writer->load_fd, text, sizeof(text) - 1, 0);
	unsigned int runnable = ~0u;

	text[n < 0 ? 0 : n] = '\0';
	(void)sscanf(text, "%*s %*s %*s %u", &runnable);
	return runnable;
}

/* "monotonic SECONDS NANOSECONDS" of a time namespace, which has its own CLOCK_MONOTONIC. */
static void writer_read_clock(struct writer *writer, pid_t pid)
{
	_cleanup_free_ char *path = string_format("%d/timens_offsets", pid);
	_cleanup_buffer_ struct buffer text = { 0 };
	long long seconds = 0, nanoseconds = 0;

	if (file_read_at(writer->proc_fd, path, &text, 4096) >= 0 && text.data &&
		sscanf(text.data, "monotonic %lld %lld", &seconds, &nanoseconds) == 2)
		writer->clock_offset = seconds * (long long)SECOND + nanoseconds;
}

static void writer_look(struct writer *writer, uint64_t now)
{
	struct hull_cpu_page *header = writer->page.header;
	uint64_t interval = writer->looked ? now - writer->looked : 0, *idle;
	_cleanup_free_ uint64_t *idle_now = memory_allocate_zero(header->cpus * sizeof(*idle_now));
	_cleanup_free_ pid_t *pids = NULL;
	size_t count = 0;

	if (cpu_meter_processes(&writer->meter, &pids, &count) < 0)
		return;
	idle = writer->idle;
	writer_read_idle(writer, idle_now);
	thread_watch_look(writer->watch, pids, count, now, writer->cpus);
	steal_take_throttled(writer->cpus, header->cpus,
		writer->times.throttled - writer->throttled, &writer->carry);
	writer->throttled = writer->times.throttled;
	header->steal_ns = 0;
	for (unsigned int i = 0; i < header->cpus; i++) {
		const struct thread_cpu *cpu = &writer->cpus[i];

		if (writer->looked)
			steal_add(&writer->steals[i], interval, idle_now[i] - idle[i], cpu->ran,
				cpu->waited);
		idle[i] = idle_now[i];
		writer->page.records[i] = (struct hull_cpu_record){
			.steal_ns = writer->steals[i].stolen,
			.preempted = cpu->runnable && !cpu->running,
		};
		header->steal_ns += writer->steals[i].stolen;
	}
	writer->looked = now;
}

/*
 * What it is entitled to, which needs a look at everybody else: once a second, and less often
 * where that would be too much.
 */
static void writer_find_share(struct writer *writer, uint64_t now)
{
	struct hull_cpu_page *header = writer->page.header;
	const struct stolen own = {
		.usage = writer->times.usage - writer->share.usage,
		.wait = header->steal_ns - writer->share.steal,
	};
	uint64_t begin = clock_process(), pause;
	double entitled;

	share_node_tell(writer->share.node, &own);
	share_tree_read(writer->share.tree);
	writer->share.usage = writer->times.usage;
	writer->share.steal = header->steal_ns;
	entitled = share_node_entitled(writer->share.node);
	if (!isnan(entitled))
		header->entitled_ppm = (uint64_t)(entitled * 1e6 + 0.5);
	pause = (clock_process() - begin) * 2ull * COST_FRACTION;
	writer->share.next = now + (pause < SHARE_INTERVAL ? SHARE_INTERVAL : pause);
}

static void writer_round(struct writer *writer)
{
	struct hull_cpu_page *header = writer->page.header;
	uint64_t now = clock_monotonic(), used = writer->times.usage;
	bool busy, rests, look, share;

	if (cpu_meter_read(&writer->meter, &writer->times) < 0)
		_exit(0);
	busy = writer->times.usage != used;
	rests = !busy && writer->quiet > QUIET_ROUNDS;
	share = !rests && now >= writer->share.next;
	/* It runs itself: with nobody else there is nobody to wait and nobody to wait for. */
	look = (!rests || writer->quiet % QUIET_LOOK == 0) && writer_count_runnable(writer) > 1;
	if (look || share)
		writer_look(writer, now);
	if (share)
		writer_find_share(writer, now);
	for (unsigned int i = 0; i < header->cpus; i++) {
		if (!look)
			writer->page.records[i].preempted = 0;
		busy |= writer->page.records[i].preempted;
	}
	writer->quiet = busy ? 0 : writer->quiet + 1;
	header->usage_ns = writer->times.usage;
	header->throttled_ns = writer->times.throttled;
	header->updated_ns = now + (uint64_t)writer->clock_offset;
}

/*
 * While the container does nothing, nobody in it reads the page: longer and longer, so that a
 * hundred that sleep cost nearly nothing. A wake-up of this process is what costs.
 */
static uint64_t writer_least_interval(const struct writer *writer)
{
	uint64_t most = writer->wait_fd < 0 ? INTERVAL_MOST : INTERVAL_WOKEN;
	uint64_t interval = INTERVAL_QUIET;

	if (writer->quiet <= QUIET_ROUNDS)
		return INTERVAL_LEAST;
	for (unsigned int left = writer->quiet - QUIET_ROUNDS;
		left > DOUBLING_ROUNDS && interval < most; left -= DOUBLING_ROUNDS)
		interval *= 2;
	return interval < most ? interval : most;
}

/* So that all rounds together cost what they may; a single long one counts by a quarter. */
static uint64_t writer_next_interval(struct writer *writer)
{
	uint64_t spent = clock_process(), cost = (spent - writer->spent) * COST_FRACTION;
	uint64_t interval = (3 * writer->interval + cost) / 4;
	uint64_t least = writer_least_interval(writer);

	writer->spent = spent;
	writer->interval = interval > INTERVAL_MOST ? INTERVAL_MOST : interval;
	return writer->interval < least ? least : writer->interval;
}

/* False when the container has ended. */
static bool writer_sleep(struct writer *writer, int pidfd, uint64_t interval)
{
	const struct timespec pause = { (time_t)(interval / SECOND), (long)(interval % SECOND) };
	struct pollfd events[] = {
		{ .fd = pidfd, .events = POLLIN },
		{ .fd = writer->wait_fd, .events = POLLPRI },
	};

	if (ppoll(events, ARRAY_SIZE(events), &pause, NULL) <= 0)
		return true;
	if (events[1].revents & POLLERR)
		file_close(&writer->wait_fd); /* the group is gone */
	else if (events[1].revents)
		writer->quiet = 0;
	return !events[0].revents;
}

_Noreturn void whisper_write(int page_fd, pid_t pid, int pidfd, const struct cgroup *cgroup)
{
	struct writer writer = { 0 };
	uint64_t interval = 0;
	unsigned int cpus;

	writer.wait_fd = cpu_meter_open_waits(cgroup);
	writer_drop_privileges();
	whisper_page_open(&writer.page, page_fd);
	cpus = writer.page.header->cpus;
	writer_run_anywhere(cpus);
	writer.proc_fd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	writer.load_fd = openat(writer.proc_fd, "loadavg", O_RDONLY | O_CLOEXEC);
	writer.stat_fd = openat(writer.proc_fd, "stat", O_RDONLY | O_CLOEXEC);
	writer_read_clock(&writer, pid);
	writer.watch = thread_watch_new(writer.proc_fd, cpus);
	writer.cpus = memory_allocate_zero(cpus * sizeof(*writer.cpus));
	writer.steals = memory_allocate_zero(cpus * sizeof(*writer.steals));
	writer.idle = memory_allocate_zero(cpus * sizeof(*writer.idle));
	writer.share.kept.left = SHARE_FILES;
	if (cpu_meter_open(&writer.meter, cgroup) < 0 ||
		share_tree_open(&writer.share.tree, cgroup, &writer.share.kept) < 0 ||
		whisper_filter(page_fd) < 0)
		_exit(1);
	writer.share.node = share_tree_add(writer.share.tree, cgroup);
	while (writer_sleep(&writer, pidfd, interval)) {
		writer_round(&writer);
		interval = writer_next_interval(&writer);
		writer.page.header->interval_ns = interval;
		whisper_page_publish(&writer.page);
	}
	_exit(0);
}
