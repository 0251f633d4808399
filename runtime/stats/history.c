/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/stats/history.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

double history_mean(const double *values, size_t from, size_t to)
{
	double sum = 0;
	size_t count = 0;

	for (size_t i = from; i < to; i++)
		if (!isnan(values[i])) {
			sum += values[i];
			count++;
		}
	return count ? sum / (double)count : NAN;
}

static void halve(double *values)
{
	for (size_t i = 0; i < HISTORY_MOST / 2; i++)
		values[i] = history_mean(values, 2 * i, 2 * i + 2);
}

static void history_halve(struct history *history)
{
	halve(history->time);
	halve(history->others);
	halve(history->steal);
	for (size_t i = 0; i < history->series_count; i++) {
		halve(history->series[i]->usage);
		halve(history->series[i]->entitled);
		halve(history->series[i]->deficit);
	}
	history->count = HISTORY_MOST / 2;
}

static struct history_series *series_of(struct history *history, const char *name)
{
	struct history_series *series;

	for (size_t i = 0; i < history->series_count; i++)
		if (!strcmp(history->series[i]->name, name))
			return history->series[i];
	series = memory_allocate(sizeof(*series));
	series->name = string_copy(name);
	for (size_t i = 0; i < HISTORY_MOST; i++)
		series->usage[i] = series->entitled[i] = series->deficit[i] = NAN;
	history->series = memory_resize(
		history->series, (history->series_count + 1) * sizeof(struct history_series *));
	return history->series[history->series_count++] = series;
}

void history_add(struct history *history, const struct stats_sample *sample)
{
	size_t at = history->count;
	double others = sample->host.busy * sample->host.cpus;

	if (sample->interval <= 0)
		return;
	if (at == HISTORY_MOST) {
		history_halve(history);
		at = history->count;
	}
	history->count++;
	history->cpus = sample->host.cpus;
	history->time[at] = at ? history->time[at - 1] + sample->interval : 0;
	history->steal[at] = sample->host.steal * sample->host.cpus;
	for (size_t i = 0; i < history->series_count; i++) {
		struct history_series *series = history->series[i];

		series->usage[at] = series->entitled[at] = series->deficit[at] = NAN;
	}
	for (size_t i = 0; i < sample->count; i++) {
		const struct stats_row *row = &sample->rows[i];
		const char *name = row->id ? row->id : row->tenant ? row->tenant : "(none)";
		struct history_series *series = series_of(history, name);

		series->usage[at] = row->usage;
		series->entitled[at] = row->entitled;
		series->deficit[at] = row->deficit;
		others -= isnan(row->usage) ? 0 : row->usage;
	}
	history->others[at] = fmax(others, 0);
}

void history_free(struct history *history)
{
	for (size_t i = 0; i < history->series_count; i++) {
		free(history->series[i]->name);
		free(history->series[i]);
	}
	free(history->series);
}
