/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/quantity.h"
#include "runtime/isolation.h"
#include "runtime/stats/sample.h"

#define INTERVAL_DEFAULT 5000000000u /* nanoseconds */

struct events_options {
	const char *interval;
	struct string_list pressure;
	bool stats;
};

static const struct option options[] = {
	{ "interval", 0, OPTION_TEXT, offsetof(struct events_options, interval), "TIME",
		"how often statistics are printed, such as 500ms or 1m (default: 5s)" },
	{ "stats", 0, OPTION_FLAG, offsetof(struct events_options, stats), NULL,
		"print the statistics once" },
	{ "pressure", 0, OPTION_LIST, offsetof(struct events_options, pressure), "TRIGGER",
		"memory, cpu or io, and when: memory:some:150ms/2s (default: all, full:200ms/2s)" },
	{ 0 },
};

struct events {
	struct container container;
	struct stats_sampler *sampler; /* NULL: nothing counts what the container uses */
};

static int events_print_line(const struct buffer *line)
{
	if (puts(line->data) < 0 || fflush(stdout) < 0)
		return error_errno(errno, "cannot write to stdout");
	return 0;
}

/*
 * What is hull's own stands in a member that readers of runc's format pass over. That
 * the group is gone meanwhile is told by the others.
 */
static void events_write_stolen(struct events *events, struct json_writer *writer)
{
	const struct stats_sample *sample;

	if (!events->sampler)
		return;
	if (stats_sampler_take(events->sampler, &sample) < 0) {
		error_clear();
		return;
	}
	if (!sample->count)
		return;
	json_begin_object(writer, "hull");
	stats_write_cpu(writer, &sample->rows[0]);
	stats_write_host(writer, &sample->host);
	json_end_object(writer);
}

static int events_print_stats(void *context)
{
	struct events *events = context;
	const struct container *container = &events->container;
	_cleanup_buffer_ struct buffer text = { 0 };
	struct json_writer writer = { .buffer = &text };
	int r;

	json_begin_object(&writer, NULL);
	json_write_string(&writer, "type", "stats");
	json_write_string(&writer, "id", container->id);
	json_begin_object(&writer, "data");
	r = isolation_of(container)->write_stats(container, &writer);
	if (r < 0 && !container_runs(container)) {
		/* It ended just now. */
		error_clear();
		return 0;
	}
	if (r < 0)
		return r;
	events_write_stolen(events, &writer);
	json_end_object(&writer);
	json_end_object(&writer);
	return events_print_line(&text);
}

static int events_print(void *context, const char *type, const char *data)
{
	const struct container *container = &((const struct events *)context)->container;
	_cleanup_buffer_ struct buffer text = { 0 };

	buffer_format(&text, "{\"type\":\"%s\",\"id\":\"%s\"", type, container->id);
	if (data)
		buffer_format(&text, ",\"data\":%s", data);
	buffer_text(&text, "}");
	return events_print_line(&text);
}

/* STALL/WINDOW behind the second colon. */
static int events_parse_times(const char *text, struct pressure_trigger *trigger)
{
	const char *slash = strchr(text, '/');
	_cleanup_free_ char *stall =
		slash ? string_format("%.*s", (int)(slash - text), text) : NULL;

	if (!slash || quantity_duration(stall, &trigger->stall) < 0 ||
		quantity_duration(slash + 1, &trigger->window) < 0)
		return -EINVAL;
	trigger->stall /= 1000;
	trigger->window /= 1000;
	if (!trigger->stall || trigger->stall > trigger->window || trigger->window < 500000 ||
		trigger->window > 10000000)
		return -ERANGE;
	return 0;
}

static int events_parse_trigger(const char *text, struct pressure_trigger *trigger)
{
	size_t length = strcspn(text, ":");
	const char *kind = text[length] ? text + length + 1 : "full";
	size_t kind_length = strcspn(kind, ":");
	int resource = 0, r = 0;

	while (resource < PRESSURE_RESOURCES &&
		(strlen(pressure_resource_names[resource]) != length ||
			strncmp(pressure_resource_names[resource], text, length) != 0))
		resource++;
	*trigger = (struct pressure_trigger){ .resource = (enum pressure_resource)resource,
		.full = !strncmp(kind, "full", 4),
		.stall = 200000,
		.window = 2000000 };
	if (resource == PRESSURE_RESOURCES || kind_length != 4 ||
		(strncmp(kind, "full", 4) != 0 && strncmp(kind, "some", 4) != 0))
		r = -EINVAL;
	else if (kind[4])
		r = events_parse_times(kind + 5, trigger);
	if (r == -ERANGE)
		return error_set(EINVAL,
			"--pressure: the window must be 500ms to 10s, the stall not longer, got "
			"\"%s\"",
			text);
	if (r < 0)
		return error_set(EINVAL,
			"--pressure: must be none, or cpu, memory or io, with :some or :full and "
			":STALL/WINDOW behind it, got \"%s\"",
			text);
	return 0;
}

/* Without a word on it: what the kernel has, when a tenth of two seconds was lost. */
static int events_triggers(const struct events_options *wanted,
	struct pressure_trigger triggers[PRESSURE_TRIGGERS_MOST], size_t *count)
{
	*count = 0;
	for (size_t i = 0; !wanted->pressure.count && i < PRESSURE_RESOURCES; i++)
		triggers[(*count)++] = (struct pressure_trigger){
			.resource = (enum pressure_resource)i,
			.full = true,
			.stall = 200000,
			.window = 2000000,
			.optional = true,
		};
	for (size_t i = 0; i < wanted->pressure.count; i++) {
		int r;

		if (!strcmp(wanted->pressure.items[i], "none"))
			continue;
		if (*count == PRESSURE_TRIGGERS_MOST)
			return error_set(
				EINVAL, "--pressure: at most %d of them", PRESSURE_TRIGGERS_MOST);
		r = events_parse_trigger(wanted->pressure.items[i], &triggers[(*count)++]);
		if (r < 0)
			return r;
	}
	return 0;
}

static int events_watch(struct events *events, int root_fd, const struct events_options *wanted,
	struct watch_request *watch)
{
	const char *const ids[] = { events->container.id };
	const struct stats_request request = { .ids = ids, .count = 1, .once = wanted->stats };
	int r;

	if (!container_runs(&events->container))
		return error_set(ESRCH, "container not running: %s", events->container.id);
	if (stats_sampler_open(&events->sampler, root_fd, &request) < 0)
		error_clear();
	r = wanted->stats ? events_print_stats(events)
			  : isolation_of(&events->container)->watch(&events->container, watch);
	stats_sampler_close(&events->sampler);
	return r;
}

static int events_run(const struct invocation *invocation)
{
	const struct events_options *wanted = invocation->options;
	struct events events = { .container = CONTAINER_NONE };
	struct pressure_trigger triggers[PRESSURE_TRIGGERS_MOST];
	struct watch_request request = {
		.interval = INTERVAL_DEFAULT,
		.triggers = triggers,
		.tick = events_print_stats,
		.tell = events_print,
		.context = &events,
	};
	int root_fd, r = events_triggers(wanted, triggers, &request.trigger_count);

	if (r < 0)
		return r;
	if (wanted->interval &&
		(quantity_duration(wanted->interval, &request.interval) < 0 || !request.interval))
		return error_set(EINVAL,
			"--interval: must be a time such as 5s or 100ms, got \"%s\"",
			wanted->interval);
	root_fd = container_root_open(invocation->global);
	if (root_fd < 0)
		return root_fd;
	r = container_open(&events.container, root_fd, invocation->operands[0], CONTAINER_UNLOCKED);
	if (r >= 0)
		r = events_watch(&events, root_fd, wanted, &request);
	container_close(&events.container);
	return r;
}

const struct command command_events = {
	.name = "events",
	.synopsis = "[OPTIONS] ID",
	.summary = "print what a container uses and what happens to it, as lines of JSON",
	.options = options,
	.options_bytes = sizeof(struct events_options),
	.operands_least = 1,
	.operands_most = 1,
	.run = events_run,
	.of_status = "created|running|paused",
};
