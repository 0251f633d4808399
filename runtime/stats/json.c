/* SPDX-License-Identifier: Apache-2.0 */

/* A row as JSON. What is not known has no member. */
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "runtime/stats/render.h"

static void write_known(struct json_writer *writer, const char *key, double value)
{
	if (!isnan(value))
		json_write_double(writer, key, value);
}

static void write_count(struct json_writer *writer, const char *key, uint64_t value)
{
	if (value != FOOTPRINT_UNKNOWN)
		json_write_unsigned(writer, key, value);
}

void stats_write_host(struct json_writer *writer, const struct stats_host *host)
{
	json_begin_object(writer, "host");
	json_write_integer(writer, "cpus", host->cpus);
	write_known(writer, "busy", host->busy);
	write_known(writer, "steal", host->steal);
	json_end_object(writer);
}

void stats_write_cpu(struct json_writer *writer, const struct stats_row *row)
{
	const struct stolen *total = &row->total;

	json_begin_object(writer, "cpu");
	json_begin_object(writer, "total");
	json_write_unsigned(writer, "usage", total->usage);
	if (total->source != STOLEN_UNKNOWN)
		json_write_unsigned(writer, "wait", total->wait);
	json_write_unsigned(writer, "throttled", total->throttled);
	json_write_unsigned(writer, "periods", total->periods);
	json_write_unsigned(writer, "throttledPeriods", total->throttled_periods);
	if (total->has_pressure) {
		json_write_unsigned(writer, "some", total->some);
		json_write_unsigned(writer, "full", total->full);
	}
	json_end_object(writer);
	json_write_string(writer, "waitOf", stolen_source_names[total->source]);
	if (total->looked < total->time)
		json_write_double(writer, "age", (double)(total->time - total->looked) / 1e9);
	if (!isnan(row->usage)) {
		json_begin_object(writer, "rate");
		write_known(writer, "usage", row->usage);
		write_known(writer, "wait", row->wait);
		write_known(writer, "throttled", row->throttled);
		write_known(writer, "some", row->some);
		write_known(writer, "full", row->full);
		write_known(writer, "entitled", row->entitled);
		write_known(writer, "deficit", row->deficit);
		json_end_object(writer);
	}
	json_end_object(writer);
}

static void write_footprint(struct json_writer *writer, const struct stats_row *row)
{
	const struct footprint *print = &row->footprint;

	json_begin_object(writer, "memory");
	write_count(writer, "usage", print->memory);
	if (print->memory_limit)
		json_write_unsigned(writer, "limit", print->memory_limit);
	json_end_object(writer);
	json_begin_object(writer, "pids");
	write_count(writer, "current", print->pids);
	if (print->pids_limit)
		json_write_unsigned(writer, "limit", print->pids_limit);
	json_end_object(writer);
	json_begin_object(writer, "io");
	write_count(writer, "read", print->read);
	write_count(writer, "written", print->written);
	write_known(writer, "readRate", row->read);
	write_known(writer, "writtenRate", row->written);
	json_end_object(writer);
}

/* Its members are the row's. */
static void write_counters(struct json_writer *writer, const char *counters)
{
	_cleanup_arena_ struct arena arena = { 0 };
	struct json *object;

	if (json_parse(&arena, "counters", counters, strlen(counters), &object) < 0) {
		error_clear();
		return;
	}
	json_for_each (member, object)
		json_write_node(writer, member->key, member);
}

void render_json(struct buffer *text, const struct stats_sample *sample)
{
	for (size_t i = 0; i < sample->count; i++) {
		const struct stats_row *row = &sample->rows[i];
		struct json_writer writer = { .buffer = text };

		json_begin_object(&writer, NULL);
		json_write_string(&writer, "time", sample->time);
		if (sample->interval > 0)
			json_write_double(&writer, "interval", sample->interval);
		if (row->id)
			json_write_string(&writer, "id", row->id);
		if (row->tenant)
			json_write_string(&writer, "tenant", row->tenant);
		json_write_unsigned(&writer, "containers", row->containers);
		stats_write_host(&writer, &sample->host);
		stats_write_cpu(&writer, row);
		write_footprint(&writer, row);
		if (row->counters)
			write_counters(&writer, row->counters);
		json_end_object(&writer);
		buffer_text(text, "\n");
	}
}
