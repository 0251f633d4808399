/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/quantity.h"
#include "runtime/container.h"
#include "runtime/stats/history.h"
#include "runtime/stats/render.h"
#include "runtime/stats/screen.h"

#define INTERVAL_DEFAULT 1000000000u /* nanoseconds */
#define INTERVAL_LEAST	 10000000u

struct stats_options {
	const char *format, *interval, *svg;
	unsigned int count;
	bool no_stream, tenants, plot;
};

static const struct option options[] = {
	{ "interval", 0, OPTION_TEXT, offsetof(struct stats_options, interval), "TIME",
		"how often to look, such as 500ms or 1m (default: 1s)" },
	{ "count", 0, OPTION_NUMBER, offsetof(struct stats_options, count), "N",
		"end after so many samples" },
	{ "no-stream", 0, OPTION_FLAG, offsetof(struct stats_options, no_stream), NULL,
		"one sample, of one interval" },
	{ "format", 'f', OPTION_TEXT, offsetof(struct stats_options, format), "FORMAT",
		"table (default on a terminal), line (default elsewhere), json or openmetrics",
		"table line json openmetrics" },
	{ "tenants", 0, OPTION_FLAG, offsetof(struct stats_options, tenants), NULL,
		"a row for each tenant, with all its containers" },
	{ "plot", 0, OPTION_FLAG, offsetof(struct stats_options, plot), NULL,
		"draw shares over time instead" },
	{ "svg", 0, OPTION_TEXT, offsetof(struct stats_options, svg), "FILE",
		"write a picture of the shares over time to FILE in the end" },
	{ 0 },
};

enum stats_format { FORMAT_TABLE, FORMAT_LINE, FORMAT_JSON, FORMAT_OPENMETRICS, FORMAT_PLOT };

static const char *const format_names[] = { "table", "line", "json", "openmetrics" };

/* What the options mean. */
struct stats_view {
	struct stats_request request;
	enum stats_format format;
	uint64_t interval; /* nanoseconds */
	unsigned int count;
	const char *svg; /* file, or NULL */
	int svg_fd;
	struct screen screen;
	struct history history;
	struct buffer text; /* of the last sample */
};

static int view_set_format(struct stats_view *view, const char *format)
{
	if (!format) {
		view->format = isatty(STDOUT_FILENO) ? FORMAT_TABLE : FORMAT_LINE;
		return 0;
	}
	for (size_t i = 0; i < ARRAY_SIZE(format_names); i++)
		if (!strcmp(format, format_names[i])) {
			view->format = (enum stats_format)i;
			return 0;
		}
	return error_set(
		EINVAL, "--format: must be table, line, json or openmetrics, got \"%s\"", format);
}

static int view_set(struct stats_view *view, const struct invocation *invocation)
{
	const struct stats_options *wanted = invocation->options;
	int r = view_set_format(view, wanted->format);

	if (r < 0)
		return r;
	if (wanted->plot && wanted->format && view->format != FORMAT_TABLE)
		return error_set(EINVAL, "--plot: is a format itself, --format %s is another",
			wanted->format);
	if (wanted->plot)
		view->format = FORMAT_PLOT;
	view->svg = wanted->svg;
	view->interval = INTERVAL_DEFAULT;
	if (wanted->interval && (quantity_duration(wanted->interval, &view->interval) < 0 ||
					view->interval < INTERVAL_LEAST))
		return error_set(EINVAL,
			"--interval: must be a time such as 5s or 100ms, at least 10ms, got \"%s\"",
			wanted->interval);
	view->count = wanted->count;
	/* An exposition is a whole: whoever wants several says so. */
	if (wanted->no_stream || (view->format == FORMAT_OPENMETRICS && !view->count))
		view->count = 1;
	view->request.tenants = wanted->tenants;
	view->request.counters = view->format == FORMAT_JSON && !wanted->tenants;
	if (invocation->operand_count) {
		view->request.ids = (const char *const *)invocation->operands;
		view->request.count = (size_t)invocation->operand_count;
	}
	return 0;
}

/* What the locale says, of terminals that show nothing but ASCII. */
static bool is_ascii(void)
{
	static const char *const names[] = { "LC_ALL", "LC_CTYPE", "LANG" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		const char *value = getenv(names[i]);

		if (value && *value)
			return !strcasestr(value, "utf-8") && !strcasestr(value, "utf8");
	}
	return true;
}

static void view_plot(struct stats_view *view, struct buffer *text)
{
	const struct plot_space space = {
		.width = view->screen.width,
		.height = view->screen.live ? view->screen.height - 1 : 0,
		.live = view->screen.live,
		.ascii = is_ascii(),
		.colours = view->screen.live && !getenv("NO_COLOR"),
	};

	plot_draw(text, &view->history, &space);
}

static int view_show(struct stats_view *view, const struct stats_sample *sample)
{
	struct buffer *text = &view->text;
	const struct render_space space = {
		.width = view->screen.width,
		.height = view->screen.live ? view->screen.height - 1 : 0,
		.tenants = view->request.tenants,
		.interval = view->count == 1 ? 0 : view->interval,
	};

	text->length = 0;
	buffer_text(text, "");
	switch (view->format) {
	case FORMAT_TABLE:
		render_table(text, sample, &space);
		return screen_draw(&view->screen, text);
	case FORMAT_LINE:
		render_lines(text, sample);
		break;
	case FORMAT_JSON:
		render_json(text, sample);
		break;
	case FORMAT_OPENMETRICS:
		render_openmetrics(text, sample, view->request.tenants);
		break;
	case FORMAT_PLOT:
		if (view->screen.live)
			view_plot(view, text);
		return screen_draw(&view->screen, text);
	}
	return screen_write(text);
}

/* The pictures of all that was seen. */
static int view_end(struct stats_view *view)
{
	_cleanup_buffer_ struct buffer plot = { 0 }, svg = { 0 };
	int r = 0;

	if (view->format == FORMAT_PLOT && !view->screen.live) {
		view_plot(view, &plot);
		r = screen_write(&plot);
	}
	if (r < 0 || !view->svg)
		return r;
	svg_draw(&svg, &view->history);
	r = file_write_all(view->svg_fd, svg.data, svg.length);
	/* What stays of an older picture. */
	if (r >= 0 && ftruncate(view->svg_fd, (off_t)svg.length) < 0 && errno != EINVAL)
		r = -errno;
	return r < 0 ? error_errno(r, "--svg: %s", view->svg) : 0;
}

static bool view_has_pictures(const struct stats_view *view)
{
	return view->svg || view->format == FORMAT_PLOT;
}

static int view_run(struct stats_view *view, struct stats_sampler *sampler)
{
	const struct stats_sample *sample;
	uint64_t next = clock_monotonic();
	int r = stats_sampler_take(sampler, &sample);

	for (unsigned int n = 0; r >= 0 && (!view->count || n < view->count);) {
		uint64_t now;

		next += view->interval;
		now = clock_monotonic();
		/* After a stop, not all that was missed at once. */
		if (next < now)
			next = now + view->interval;
		while ((r = screen_wait(&view->screen, next)) == SCREEN_RESIZED)
			if (n)
				(void)view_show(view, sample);
		if (r == SCREEN_ENDED)
			return 0;
		if (r >= 0)
			r = stats_sampler_take(sampler, &sample);
		/* Of those that were asked for the last one has ended. */
		if (r >= 0 && view->request.ids && !stats_sampler_count(sampler))
			return 0;
		if (r >= 0 && view_has_pictures(view))
			history_add(&view->history, sample);
		if (r >= 0)
			r = view_show(view, sample);
		n++;
	}
	return r;
}

static int stats_run(const struct invocation *invocation)
{
	_cleanup_stats_sampler_ struct stats_sampler *sampler = NULL;
	struct stats_view view = { .svg_fd = -EBADF };
	_cleanup_close_ int root_fd = -EBADF, svg_fd = -EBADF;
	int r = view_set(&view, invocation);

	if (r < 0)
		return r;
	/* Now, and not after a day, it is seen that it cannot be written. */
	if (view.svg) {
		svg_fd = open(view.svg, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOCTTY, 0644);
		if (svg_fd < 0)
			return error_errno(errno, "--svg: %s", view.svg);
		view.svg_fd = svg_fd;
	}
	root_fd = container_root_open(invocation->global);
	if (root_fd < 0)
		return root_fd;
	r = stats_sampler_open(&sampler, root_fd, &view.request);
	if (r < 0)
		return r;
	screen_begin(&view.screen,
		(view.format == FORMAT_TABLE || view.format == FORMAT_PLOT) && view.count != 1);
	r = view_run(&view, sampler);
	if (r >= 0)
		r = view_end(&view);
	screen_end(&view.screen);
	history_free(&view.history);
	buffer_free(&view.text);
	return r;
}

const struct command command_stats = {
	.name = "stats",
	.synopsis = "[OPTIONS] [ID...]",
	.summary = "show what containers get of the CPUs, wait for and are entitled to",
	.options = options,
	.options_bytes = sizeof(struct stats_options),
	.operands_most = -1,
	.run = stats_run,
	.of_status = "created|running|paused",
};
