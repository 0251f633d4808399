/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/stats/measure.h"

#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/processors.h"

int measure_open(struct measure *measure, const char *id, const char *saved, bool of_threads,
	struct kept_files *kept)
{
	int r;

	*measure = (struct measure){ 0 };
	r = cgroup_open(&measure->cgroup, id, NULL, saved);
	if (r < 0 || cgroup_is_none(measure->cgroup))
		return r;
	r = stolen_meter_open(&measure->meter, measure->cgroup, of_threads, kept);
	if (r >= 0)
		footprint_open(&measure->files, measure->cgroup);
	else
		cgroup_close(&measure->cgroup);
	return r;
}

/*
 * What happened since a look that was some readings ago happened evenly, as far as is known, and
 * goes on until the next look.
 */
static void measure_spread(struct measure *measure)
{
	struct stolen *between = &measure->between, *look = &measure->look;
	double part = 1;

	if (between->looked)
		*look = *between;
	if (!between->time || between->looked == between->time)
		return;
	if (look->looked)
		part = (double)between->time / (double)look->looked;
	between->wait = (uint64_t)((double)look->wait * part);
	between->some = (uint64_t)((double)look->some * part);
	between->full = (uint64_t)((double)look->full * part);
	between->throttled = (uint64_t)((double)look->throttled * part);
}

int measure_read(struct measure *measure, bool may_look, struct kept_files *kept)
{
	struct stolen before = measure->total;
	int r;

	if (!measure->meter)
		return 0;
	r = stolen_meter_read(measure->meter, may_look || measure->readings < 2, &measure->total);
	if (r < 0)
		return r;
	if (measure->readings) {
		measure->between = stolen_between(&before, &measure->total);
		measure_spread(measure);
	}
	if (!measure->readings || measure->total.looked == measure->total.time) {
		measure->before = measure->footprint;
		footprint_read(&measure->files, kept, measure->readings && !r && before.usage,
			&measure->footprint);
	}
	measure->readings++;
	return r;
}

void measure_close(struct measure *measure, struct kept_files *kept)
{
	footprint_close(&measure->files, kept);
	stolen_meter_close(&measure->meter);
	cgroup_close(&measure->cgroup);
}

double stats_sum(double first, double second)
{
	return isnan(first) ? second : isnan(second) ? first : first + second;
}

static uint64_t sum_known(uint64_t first, uint64_t second)
{
	return first == FOOTPRINT_UNKNOWN    ? second
	       : second == FOOTPRINT_UNKNOWN ? first
					     : first + second;
}

void stats_row_begin(struct stats_row *row)
{
	*row = (struct stats_row){
		.usage = NAN,
		.wait = NAN,
		.throttled = NAN,
		.some = NAN,
		.full = NAN,
		.entitled = NAN,
		.deficit = NAN,
		.read = NAN,
		.written = NAN,
		.footprint = { FOOTPRINT_UNKNOWN, 0, FOOTPRINT_UNKNOWN, 0, FOOTPRINT_UNKNOWN,
			FOOTPRINT_UNKNOWN },
	};
}

static void add_totals(struct stats_row *row, const struct measure *measure)
{
	const struct stolen *total = &measure->total;
	const struct footprint *print = &measure->footprint;
	bool is_alone = !row->containers;

	row->total.usage += total->usage;
	row->total.wait += total->wait;
	row->total.some += total->some;
	row->total.full += total->full;
	row->total.throttled += total->throttled;
	row->total.periods += total->periods;
	row->total.throttled_periods += total->throttled_periods;
	row->total.threads += total->threads;
	row->total.has_pressure |= total->has_pressure;
	if (total->source > row->total.source)
		row->total.source = total->source;
	row->footprint.memory = sum_known(row->footprint.memory, print->memory);
	row->footprint.pids = sum_known(row->footprint.pids, print->pids);
	row->footprint.read = sum_known(row->footprint.read, print->read);
	row->footprint.written = sum_known(row->footprint.written, print->written);
	/* The limits of several are no limit of all. */
	row->footprint.memory_limit = is_alone ? print->memory_limit : 0;
	row->footprint.pids_limit = is_alone ? print->pids_limit : 0;
}

static double rate(uint64_t amount, double interval)
{
	return (double)amount / interval / 1e9;
}

static double traffic(uint64_t before, uint64_t now, double interval)
{
	if (before == FOOTPRINT_UNKNOWN || now == FOOTPRINT_UNKNOWN)
		return NAN;
	return now > before ? (double)(now - before) / interval : 0;
}

void stats_row_add(struct stats_row *row, const struct measure *measure, double interval)
{
	const struct stolen *between = &measure->between;

	if (!measure->meter)
		return;
	add_totals(row, measure);
	if (measure->readings < 2 || interval <= 0)
		return;
	if (between->time)
		interval = (double)between->time / 1e9;
	row->usage = stats_sum(row->usage, rate(between->usage, interval));
	if (between->source != STOLEN_UNKNOWN)
		row->wait = stats_sum(row->wait, rate(between->wait, interval));
	row->throttled = stats_sum(row->throttled, rate(between->throttled, interval));
	if (between->has_pressure) {
		row->some = fmax(row->some, fmin(rate(between->some, interval), 1));
		row->full = fmax(row->full, fmin(rate(between->full, interval), 1));
	}
	if (measure->look.looked)
		interval = (double)measure->look.looked / 1e9;
	row->read = stats_sum(
		row->read, traffic(measure->before.read, measure->footprint.read, interval));
	row->written = stats_sum(row->written,
		traffic(measure->before.written, measure->footprint.written, interval));
}

bool host_parse(const char *text, struct host_times *times)
{
	/* user nice system idle iowait irq softirq steal; guests are in user already */
	uint64_t ticks[8] = { 0 };
	char *at = (char *)text + 4;

	if (strncmp(text, "cpu ", 4) != 0)
		return false;
	*times = (struct host_times){ 0 };
	for (size_t i = 0; i < 8; i++) {
		ticks[i] = strtoull(at, &at, 10);
		times->all += ticks[i];
	}
	times->idle = ticks[3] + ticks[4];
	times->steal = ticks[7];
	return true;
}

void host_read(struct host_times *times, struct stats_host *host)
{
	struct host_times now = { 0 };
	_cleanup_close_ int fd = open("/proc/stat", O_RDONLY | O_CLOEXEC);
	char text[256];
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	cpu_set_t cpus;

	*host = (struct stats_host){ processors_online(&cpus), NAN, NAN };
	if (n <= 0)
		return;
	text[n] = '\0';
	if (!host_parse(text, &now))
		return;
	if (times->all && now.all > times->all) {
		double all = (double)(now.all - times->all);

		host->steal = (double)(now.steal - times->steal) / all;
		host->busy = 1 - (double)(now.idle - times->idle) / all - host->steal;
	}
	*times = now;
}
