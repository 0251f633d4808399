/* SPDX-License-Identifier: Apache-2.0 */

/*
 * OpenMetrics 1.0 text. Only what the kernel counts for the group is a counter:
 * it never goes back. What is summed over the threads that live, or is of one
 * interval, is a gauge.
 */
#include <math.h>
#include <stddef.h>
#include <string.h>

#include "base/memory.h"
#include "runtime/stats/render.h"

enum kind {
	KIND_NANOSECONDS, /* uint64_t, shown in seconds */
	KIND_COUNT,	  /* uint64_t */
	KIND_LIMIT,	  /* uint64_t; 0: there is none */
	KIND_AMOUNT,	  /* double */
};

struct family {
	const char *name, *unit, *help; /* name: without hull_container_ or hull_tenant_ */
	bool is_counter;
	enum kind kind;
	size_t offset; /* in struct stats_row */
};

#define AT(member) offsetof(struct stats_row, member)

static const struct family families[] = {
	{ "cpu_usage_seconds", "seconds", "CPU time that was used.", true, KIND_NANOSECONDS,
		AT(total.usage) },
	{ "cpu_waiting_seconds", "seconds",
		"Time in which at least one thread waited for a CPU (pressure, some).", true,
		KIND_NANOSECONDS, AT(total.some) },
	{ "cpu_stalled_seconds", "seconds",
		"Time in which threads waited for a CPU and none ran (pressure, full).", true,
		KIND_NANOSECONDS, AT(total.full) },
	{ "cpu_throttled_seconds", "seconds",
		"Time in which a CPU quota held it back, summed over the CPUs.", true,
		KIND_NANOSECONDS, AT(total.throttled) },
	{ "cpu_periods", NULL, "Periods of its CPU quota in which it ran.", true, KIND_COUNT,
		AT(total.periods) },
	{ "cpu_throttled_periods", NULL, "Periods in which its CPU quota held it back.", true,
		KIND_COUNT, AT(total.throttled_periods) },
	{ "cpu_run_delay_seconds", "seconds",
		"For how long the threads that live have waited for a CPU.", false,
		KIND_NANOSECONDS, AT(total.wait) },
	{ "cpu_usage_cpus", "cpus", "CPUs used in the interval.", false, KIND_AMOUNT, AT(usage) },
	{ "cpu_wait_cpus", "cpus", "CPUs waited for in the interval.", false, KIND_AMOUNT,
		AT(wait) },
	{ "cpu_entitled_cpus", "cpus", "CPUs it was entitled to in the interval.", false,
		KIND_AMOUNT, AT(entitled) },
	{ "cpu_deficit_cpus", "cpus",
		"CPUs it was entitled to, wanted and did not get in the interval.", false,
		KIND_AMOUNT, AT(deficit) },
	{ "memory_bytes", "bytes", "Memory in use, with the page cache.", false, KIND_COUNT,
		AT(footprint.memory) },
	{ "memory_limit_bytes", "bytes", "Limit of memory.", false, KIND_LIMIT,
		AT(footprint.memory_limit) },
	{ "threads", NULL, "Processes and threads.", false, KIND_COUNT, AT(footprint.pids) },
	{ "threads_limit", NULL, "Limit of processes and threads.", false, KIND_LIMIT,
		AT(footprint.pids_limit) },
	{ "io_read_bytes", "bytes", "Read from disks.", true, KIND_COUNT, AT(footprint.read) },
	{ "io_written_bytes", "bytes", "Written to disks.", true, KIND_COUNT,
		AT(footprint.written) },
};

static void add_head(struct buffer *text, const char *name, const struct family *family)
{
	buffer_format(text, "# TYPE %s %s\n", name, family->is_counter ? "counter" : "gauge");
	if (family->unit)
		buffer_format(text, "# UNIT %s %s\n", name, family->unit);
	buffer_format(text, "# HELP %s %s\n", name, family->help);
}

static void add_escaped(struct buffer *text, const char *value)
{
	for (size_t plain; *value; value += plain + (value[plain] != '\0')) {
		plain = strcspn(value, "\\\"\n");
		buffer_bytes(text, value, plain);
		if (value[plain] == '\n')
			buffer_text(text, "\\n");
		else if (value[plain])
			buffer_format(text, "\\%c", value[plain]);
	}
}

static void add_labels(struct buffer *text, const struct stats_row *row)
{
	buffer_text(text, "{");
	if (row->id) {
		buffer_text(text, "id=\"");
		add_escaped(text, row->id);
		buffer_text(text, "\"");
	}
	if (row->tenant) {
		buffer_text(text, row->id ? ",tenant=\"" : "tenant=\"");
		add_escaped(text, row->tenant);
		buffer_text(text, "\"");
	}
	buffer_text(text, "}");
}

static void add_seconds(struct buffer *text, uint64_t nanoseconds)
{
	char digits[] = ".000000000";
	uint64_t rest = nanoseconds % 1000000000;

	for (size_t at = sizeof(digits) - 2; rest; rest /= 10)
		digits[at--] = (char)('0' + rest % 10);
	buffer_text(text, " ");
	buffer_unsigned(text, nanoseconds / 1000000000);
	buffer_text(text, digits);
}

/* False when the row has no such number. */
static bool add_value(struct buffer *text, const struct family *family, const struct stats_row *row)
{
	const void *at = (const char *)row + family->offset;
	uint64_t count = 0;
	double amount = 0;

	memcpy(family->kind == KIND_AMOUNT ? (void *)&amount : (void *)&count, at, 8);
	if (family->kind == KIND_AMOUNT) {
		if (isnan(amount))
			return false;
		if (amount == 0)
			buffer_text(text, " 0");
		else
			buffer_format(text, " %.6f", amount);
	} else if (family->kind == KIND_NANOSECONDS) {
		add_seconds(text, count);
	} else {
		if (count == FOOTPRINT_UNKNOWN || (family->kind == KIND_LIMIT && !count))
			return false;
		buffer_text(text, " ");
		buffer_unsigned(text, count);
	}
	return true;
}

/* Is it known at all? Pressure is not measured everywhere. */
static bool is_told(const struct family *family, const struct stats_row *row)
{
	if (family->offset == AT(total.some) || family->offset == AT(total.full))
		return row->total.has_pressure;
	if (family->offset == AT(total.wait))
		return row->total.source == STOLEN_OF_THREADS;
	return true;
}

static void add_family(struct buffer *text, const struct stats_sample *sample,
	const struct buffer *labels, const struct family *family, bool tenants)
{
	_cleanup_free_ char *name =
		string_format("hull_%s_%s", tenants ? "tenant" : "container", family->name);

	add_head(text, name, family);
	for (size_t i = 0; i < sample->count; i++) {
		const struct stats_row *row = &sample->rows[i];
		size_t before = text->length;

		/* Those without a tenant are no tenant. */
		if (!is_told(family, row) || (tenants && !row->tenant))
			continue;
		buffer_text(text, name);
		if (family->is_counter)
			buffer_text(text, "_total");
		buffer_bytes(text, labels[i].data, labels[i].length);
		if (add_value(text, family, row)) {
			buffer_text(text, "\n");
		} else {
			text->length = before;
			text->data[before] = '\0';
		}
	}
}

static void add_host(struct buffer *text, const struct stats_host *host)
{
	buffer_format(text,
		"# TYPE hull_host_cpus gauge\n# UNIT hull_host_cpus cpus\n"
		"# HELP hull_host_cpus CPUs of this machine.\nhull_host_cpus %d\n",
		host->cpus);
	if (isnan(host->steal))
		return;
	buffer_format(text,
		"# TYPE hull_host_cpu_busy_ratio gauge\n# UNIT hull_host_cpu_busy_ratio ratio\n"
		"# HELP hull_host_cpu_busy_ratio Part of the CPUs that was busy in the interval.\n"
		"hull_host_cpu_busy_ratio %.6f\n",
		host->busy);
	buffer_format(text,
		"# TYPE hull_host_cpu_steal_ratio gauge\n# UNIT hull_host_cpu_steal_ratio ratio\n"
		"# HELP hull_host_cpu_steal_ratio Part of the CPUs that the hypervisor took from "
		"this machine in the interval.\nhull_host_cpu_steal_ratio %.6f\n",
		host->steal);
}

void render_openmetrics(struct buffer *text, const struct stats_sample *sample, bool tenants)
{
	/* Once, and not for each family. */
	_cleanup_free_ struct buffer *labels =
		memory_allocate_zero(sample->count * sizeof(*labels));

	add_host(text, &sample->host);
	for (size_t i = 0; i < sample->count; i++)
		add_labels(&labels[i], &sample->rows[i]);
	for (size_t i = 0; i < ARRAY_SIZE(families); i++)
		add_family(text, sample, labels, &families[i], tenants);
	for (size_t i = 0; i < sample->count; i++)
		buffer_free(&labels[i]);
	buffer_text(text, "# EOF\n");
}
