/* SPDX-License-Identifier: Apache-2.0 */
#include "cgroup/stolen.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "cgroup/driver.h"
#include "cgroup/stolen_threads.h"

#define FILE_BYTES 4096

/* Readings of a group that rests between two of its pressure. */
#define PRESSURE_AGE 8

/* Readings at rest after which every second one is left out. */
#define REST_LONG 16

const char *const stolen_source_names[] = {
	[STOLEN_UNKNOWN] = "unknown",
	[STOLEN_OF_PRESSURE] = "pressure",
	[STOLEN_OF_THREADS] = "run_delay",
};

struct stolen_meter {
	struct kept_files *kept;
	int mount_fd, proc_fd; /* mount_fd: borrowed */
	struct kept_file usage, cpu, cpu_local, pressure;
	bool v1_usage, v1_cpu; /* else of v2 */
	bool of_threads;
	struct stolen_threads threads;
	uint64_t debt;	     /* stolen_join */
	bool waited;	     /* when its pressure was last read */
	unsigned int rested; /* readings since then */
	unsigned int rests;  /* readings at rest, one after another */
	bool left_out;	     /* the last one */
	bool owed;	     /* it did something since all was looked at */
	uint64_t time;	     /* CLOCK_MONOTONIC of the last reading; 0: there was none */
	bool blind;	     /* the threads were too many then: their sum begins anew */
	struct stolen last;
};

static int meter_set_files(struct stolen_meter *meter, const struct cgroup *cgroup)
{
	const struct cgroup_place *cpuacct = cgroup_v1_place(cgroup, CONTROLLER_CPUACCT);
	struct cgroup_place *cpu = cgroup_v1_place(cgroup, CONTROLLER_CPU);

	meter->v1_usage = cpuacct;
	meter->v1_cpu = cpu;
	if (cpuacct)
		kept_file_set(&meter->usage, cpuacct->path, "cpuacct.usage");
	if (cgroup->v2)
		kept_file_set(&meter->pressure, cgroup->v2->path, "cpu.pressure");
	if (!cpu)
		cpu = cgroup->v2;
	if (cpu) {
		kept_file_set(&meter->cpu, cpu->path, "cpu.stat");
		kept_file_set(&meter->cpu_local, cpu->path, "cpu.stat.local");
	}
	if (!cgroup->v2 && !cpu)
		cpu = &cgroup->v1[0];
	return stolen_threads_open(&meter->threads, cgroup->v2 ? cgroup->v2 : cpu);
}

int stolen_meter_open(struct stolen_meter **opened, const struct cgroup *cgroup, bool of_threads,
	struct kept_files *kept)
{
	_cleanup_stolen_meter_ struct stolen_meter *meter = memory_allocate_zero(sizeof(*meter));
	int r;

	meter->proc_fd = -EBADF;
	meter->kept = kept;
	meter->of_threads = of_threads;
	if (cgroup_is_none(cgroup))
		return error_set(EOPNOTSUPP,
			"the container has no cgroup, and without one nothing counts what it uses");
	meter->mount_fd = cgroup->mount_fd;
	r = meter_set_files(meter, cgroup);
	if (r < 0)
		return r;
	meter->proc_fd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (meter->proc_fd < 0)
		return error_errno(errno, "/proc");
	*opened = TAKE_PTR(meter);
	return 0;
}

void stolen_meter_close(struct stolen_meter **address)
{
	struct stolen_meter *meter = *address;

	if (!meter)
		return;
	kept_file_free(&meter->usage, meter->kept);
	kept_file_free(&meter->cpu, meter->kept);
	kept_file_free(&meter->cpu_local, meter->kept);
	kept_file_free(&meter->pressure, meter->kept);
	stolen_threads_free(&meter->threads, meter->kept);
	file_close(&meter->proc_fd);
	free(meter);
	*address = NULL;
}

bool stolen_parse_pressure(const char *text, uint64_t *some, uint64_t *full)
{
	const char *first = strstr(text, "total=");
	const char *second = first ? strstr(first + 1, "total=") : NULL;

	if (strncmp(text, "some ", 5) != 0 || !first)
		return false;
	*some = strtoull(first + 6, NULL, 10) * 1000;
	*full = second ? strtoull(second + 6, NULL, 10) * 1000 : 0;
	return true;
}

uint64_t stolen_join(uint64_t threads, uint64_t some, uint64_t interval, uint64_t *debt)
{
	uint64_t repaid;

	if (some > threads) {
		*debt += some - threads;
		if (*debt > interval)
			*debt = interval;
		return some;
	}
	repaid = threads - some < *debt ? threads - some : *debt;
	*debt -= repaid;
	return threads - repaid;
}

static bool meter_text(struct stolen_meter *meter, struct kept_file *file, char text[FILE_BYTES])
{
	return kept_file_read(file, meter->kept, meter->mount_fd, text, FILE_BYTES) >= 0;
}

static void meter_read_throttling(struct stolen_meter *meter, const char *text, struct stolen *now)
{
	const char *key = meter->v1_cpu ? "throttled_time" : "throttled_usec";
	uint64_t unit = meter->v1_cpu ? 1 : 1000, own = 0, local = 0;
	char local_text[FILE_BYTES];

	(void)kept_text_number(text, "nr_periods", &now->periods);
	(void)kept_text_number(text, "nr_throttled", &now->throttled_periods);
	(void)kept_text_number(text, key, &own);
	if (meter_text(meter, &meter->cpu_local, local_text))
		(void)kept_text_number(local_text, key, &local);
	now->throttled = (own > local ? own : local) * unit;
}

/*
 * Has nobody run nor waited since the last reading? Then no thread was made, has ended
 * or has another delay, and nothing was throttled: what was read last is true.
 */
static bool meter_slept(const struct stolen_meter *meter, const struct stolen *now)
{
	return meter->time && !meter->owed && now->has_pressure && meter->last.has_pressure &&
	       now->usage == meter->last.usage && now->some == meter->last.some;
}

/*
 * One file is enough of a group that used nothing and did not wait before: a thread of it
 * that has been woken since and not run at all is seen a few readings later. The kernel
 * counts its wait meanwhile.
 */
static bool meter_rests(struct stolen_meter *meter, struct stolen *now)
{
	if (!meter->time || meter->owed || meter->waited || !meter->last.has_pressure ||
		now->usage != meter->last.usage || ++meter->rested >= PRESSURE_AGE)
		return false;
	now->has_pressure = true;
	now->some = meter->last.some;
	return true;
}

static void meter_read_pressure(struct stolen_meter *meter, struct stolen *now)
{
	char text[FILE_BYTES];

	/* Fails with EOPNOTSUPP where it is built in but switched off. */
	if (meter_text(meter, &meter->pressure, text))
		now->has_pressure = stolen_parse_pressure(text, &now->some, &now->full);
	meter->waited = now->some != meter->last.some;
	meter->rested = 0;
}

/* On v2 TEXT is then the whole of cpu.stat. */
static bool meter_read_usage(struct stolen_meter *meter, struct stolen *now, char text[FILE_BYTES])
{
	if (meter->v1_usage) {
		if (!meter_text(meter, &meter->usage, text))
			return false;
		now->usage = strtoull(text, NULL, 10);
		return true;
	}
	if (!meter_text(meter, &meter->cpu, text) ||
		!kept_text_number(text, "usage_usec", &now->usage))
		return false;
	now->usage *= 1000;
	return true;
}

/* Is the usage all that is new? What is left out now is owed until it is looked at. */
static bool meter_puts_off(struct stolen_meter *meter, const struct stolen *now)
{
	if (!meter->time || (meter->last.has_pressure && now->usage == meter->last.usage &&
				    !meter->waited && !meter->owed))
		return false;
	meter->owed = true;
	return true;
}

/* 1: there is more to look at; 0: NOW has what is new. */
static int meter_read_cgroup(struct stolen_meter *meter, bool may_look, struct stolen *now)
{
	char text[FILE_BYTES];
	bool have = meter_read_usage(meter, now, text);

	if (have && !may_look && meter_puts_off(meter, now))
		return 0;
	if (have && meter_rests(meter, now))
		return 0;
	meter_read_pressure(meter, now);
	if (have && meter_slept(meter, now))
		return 0;
	if ((have && !meter->v1_usage) || meter_text(meter, &meter->cpu, text)) {
		meter_read_throttling(meter, text, now);
		have = true;
	}
	return have ? 1 : -ENODEV;
}

/* What was new in both since the last reading; at the first, since ever. */
static void meter_join(
	struct stolen_meter *meter, struct stolen *now, uint64_t threads, uint64_t time)
{
	uint64_t some = now->some > meter->last.some ? now->some - meter->last.some : 0;

	if (!meter->time)
		now->wait = threads > some ? threads : some;
	else
		now->wait = meter->last.wait +
			    stolen_join(threads, some, time - meter->last.looked, &meter->debt);
}

/* How much longer the threads have waited; none of it when they could not be told. */
static int meter_read_threads(struct stolen_meter *meter, struct stolen *now, uint64_t *wait)
{
	int r = meter->of_threads
			? stolen_threads_read(&meter->threads, meter->kept, meter->proc_fd, wait)
			: -E2BIG;

	if (r == -ENODEV || r == -ENOENT)
		return -ENODEV;
	if (r < 0 || (meter->blind && meter->time))
		*wait = 0;
	meter->blind = r < 0;
	if (r >= 0)
		now->source = STOLEN_OF_THREADS;
	else if (now->has_pressure)
		now->source = STOLEN_OF_PRESSURE;
	now->threads = r < 0 ? 0 : (uint32_t)meter->threads.count;
	return 0;
}

int stolen_meter_read(struct stolen_meter *meter, bool may_look, struct stolen *now)
{
	uint64_t threads = 0, time = clock_monotonic();
	int r;

	meter->left_out = !meter->left_out && meter->rests >= REST_LONG;
	if (meter->left_out) {
		*now = meter->last;
		return 0;
	}
	*now = (struct stolen){ 0 };
	r = meter_read_cgroup(meter, may_look, now);
	if (r == 0) {
		meter->rests = meter->owed ? 0 : meter->rests + 1;
		meter->last.usage = now->usage;
		meter->last.time = meter->time = time;
		if (!meter->owed)
			meter->last.looked = time;
		*now = meter->last;
		return 0;
	}
	meter->rests = 0;
	if (r > 0)
		r = meter_read_threads(meter, now, &threads);
	if (r < 0)
		return r;
	meter_join(meter, now, threads, time);
	now->time = now->looked = meter->time = time;
	meter->last = *now;
	meter->owed = false;
	return 1;
}

static uint64_t grown(uint64_t before, uint64_t now)
{
	return now > before ? now - before : 0;
}

struct stolen stolen_between(const struct stolen *before, const struct stolen *now)
{
	return (struct stolen){
		.time = grown(before->time, now->time),
		.looked = grown(before->looked, now->looked),
		.usage = grown(before->usage, now->usage),
		.wait = grown(before->wait, now->wait),
		.some = grown(before->some, now->some),
		.full = grown(before->full, now->full),
		.throttled = grown(before->throttled, now->throttled),
		.periods = grown(before->periods, now->periods),
		.throttled_periods = grown(before->throttled_periods, now->throttled_periods),
		.threads = now->threads,
		.source = now->source,
		.has_pressure = now->has_pressure,
	};
}
