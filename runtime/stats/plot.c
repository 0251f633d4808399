/* SPDX-License-Identifier: Apache-2.0 */

/* Shares over time in characters: a braille pattern has two by four dots. */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "runtime/stats/history.h"
#include "runtime/stats/render.h"

#define NAME_WIDTH_MOST	  16u
#define WORDS_WIDTH	  17u /* behind the strip: "100.0% of 100.0%" */
#define GRAPH_WIDTH_MOST  240u
#define GRAPH_WIDTH_LEAST 8u
#define LINES_LEAST	  2u
#define LINES_MOST	  6u
#define DOTS_ACROSS	  2u
#define DOTS_DOWN	  4u

struct plot {
	const struct history *history;
	const struct plot_space *space;
	size_t name_width, graph_width, lines;
	double scale; /* CPUs at the upper end of a strip */
};

/* The samples of one column of dots: none when TO is not above FROM. */
static void column_samples(const struct plot *plot, size_t column, size_t *from, size_t *to)
{
	size_t columns = plot->graph_width * DOTS_ACROSS, count = plot->history->count;

	if (plot->space->live) {
		size_t left = columns - column; /* columns up to the right end */

		*to = left <= count ? count - left + 1 : 0;
		*from = *to ? *to - 1 : 0;
		return;
	}
	*from = column * count / columns;
	*to = (column + 1) * count / columns;
	if (*to == *from)
		*to = *from + 1;
}

static double column_value(const struct plot *plot, const double *values, size_t column)
{
	size_t from, to;

	column_samples(plot, column, &from, &to);
	return history_mean(values, from, to);
}

static void plot_set_scale(struct plot *plot)
{
	static const double steps[] = { 0.1, 0.2, 0.5, 1, 2, 3, 4, 6, 8 };
	double most = 0;

	for (size_t i = 0; i < plot->history->series_count; i++)
		for (size_t column = 0; column < plot->graph_width * DOTS_ACROSS; column++) {
			const struct history_series *series = plot->history->series[i];

			most = fmax(most, fmax(column_value(plot, series->usage, column),
						  column_value(plot, series->entitled, column)));
		}
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		plot->scale = steps[i];
		/* A share a little above a whole CPU is one: clocks are not that exact. */
		if (most <= steps[i] * 1.02)
			return;
	}
	plot->scale = ceil(most);
}

static long dots_of(const struct plot *plot, double value)
{
	long all = (long)(plot->lines * DOTS_DOWN), dots;

	if (isnan(value))
		return 0;
	dots = lround(value / plot->scale * (double)all);
	return dots > all ? all : dots;
}

/* The dots of one cell: bits of the braille block (Unicode 8.6). LINE 0 is the upper end. */
static unsigned int cell_dots(
	const struct plot *plot, const struct history_series *series, size_t line, size_t cell)
{
	static const unsigned char bits[DOTS_ACROSS][DOTS_DOWN] = { { 0x01, 0x02, 0x04, 0x40 },
		{ 0x08, 0x10, 0x20, 0x80 } };
	unsigned int dots = 0;

	for (size_t x = 0; x < DOTS_ACROSS; x++) {
		size_t column = cell * DOTS_ACROSS + x;
		long usage = dots_of(plot, column_value(plot, series->usage, column));
		long entitled = dots_of(plot, column_value(plot, series->entitled, column));

		for (size_t y = 0; y < DOTS_DOWN; y++) {
			long height = (long)((plot->lines - line) * DOTS_DOWN - y);

			if (height <= usage || (!x && height == entitled))
				dots |= bits[x][y];
		}
	}
	return dots;
}

static void add_cell(struct buffer *text, const struct plot *plot, unsigned int dots)
{
	/* By how much of the cell is filled. */
	static const char levels[] = " .-::+*##";

	if (plot->space->ascii)
		buffer_bytes(text, &levels[__builtin_popcount(dots)], 1);
	else if (!dots)
		buffer_text(text, " ");
	else
		buffer_bytes(text,
			(const char[]){ (char)0xe2, (char)(0xa0 + (dots >> 6)),
				(char)(0x80 + (dots & 0x3f)) },
			3);
}

/* What stands behind the first two lines of a strip: of now, or the means of all. */
static void add_words(struct buffer *text, const struct plot *plot,
	const struct history_series *series, size_t line)
{
	size_t to = plot->history->count, from = plot->space->live && to ? to - 1 : 0;
	char first[RENDER_CELL_BYTES], second[RENDER_CELL_BYTES];

	if (line == 0) {
		render_percent(first, history_mean(series->usage, from, to));
		render_percent(second, history_mean(series->entitled, from, to));
		buffer_format(text, " %s of %s", first, second);
	} else if (line == 1) {
		render_percent(first, history_mean(series->deficit, from, to));
		buffer_format(text, " deficit %s", first);
	}
}

static void add_strip(struct buffer *text, const struct plot *plot, size_t number)
{
	const struct history_series *series = plot->history->series[number];
	const char *border = plot->space->ascii ? "|" : "\u2502";

	for (size_t line = 0; line < plot->lines; line++) {
		buffer_format(text, "%-*.*s %s", (int)plot->name_width, (int)plot->name_width,
			line ? "" : series->name, border);
		if (plot->space->colours)
			buffer_format(text, "\033[3%um", 1 + (unsigned int)(number % 6));
		for (size_t cell = 0; cell < plot->graph_width; cell++)
			add_cell(text, plot, cell_dots(plot, series, line, cell));
		if (plot->space->colours)
			buffer_text(text, "\033[m");
		buffer_text(text, border);
		add_words(text, plot, series, line);
		buffer_text(text, "\n");
	}
}

static void add_axis(struct buffer *text, const struct plot *plot)
{
	const struct history *history = plot->history;
	size_t last = history->count - 1, columns = plot->graph_width * DOTS_ACROSS;
	size_t first = plot->space->live && history->count > columns ? history->count - columns : 0;
	char begin[32], end[32];

	if (plot->space->live) {
		(void)snprintf(
			begin, sizeof(begin), "%.0fs", history->time[first] - history->time[last]);
		(void)snprintf(end, sizeof(end), "now");
	} else {
		(void)snprintf(begin, sizeof(begin), "0s");
		(void)snprintf(end, sizeof(end), "%.3gs", history->time[last]);
	}
	buffer_format(text, "%*s%-*s%s\n", (int)plot->name_width + 2, "",
		(int)(plot->graph_width - strlen(end)), begin, end);
}

static void plot_set(struct plot *plot)
{
	const struct plot_space *space = plot->space;
	size_t around, count = plot->history->series_count;

	for (size_t i = 0; i < count; i++)
		if (strlen(plot->history->series[i]->name) > plot->name_width)
			plot->name_width = strlen(plot->history->series[i]->name);
	if (plot->name_width > NAME_WIDTH_MOST)
		plot->name_width = NAME_WIDTH_MOST;
	around = plot->name_width + 3 + WORDS_WIDTH;
	plot->graph_width = space->width > around + GRAPH_WIDTH_LEAST ? space->width - around
								      : GRAPH_WIDTH_LEAST;
	if (plot->graph_width > GRAPH_WIDTH_MOST)
		plot->graph_width = GRAPH_WIDTH_MOST;
	plot->lines = 4;
	if (space->height && count)
		plot->lines = (space->height > 3 ? space->height - 3 : 1) / count;
	if (plot->lines < LINES_LEAST)
		plot->lines = LINES_LEAST;
	if (plot->lines > LINES_MOST)
		plot->lines = LINES_MOST;
	plot_set_scale(plot);
}

void plot_draw(struct buffer *text, const struct history *history, const struct plot_space *space)
{
	struct plot plot = { .history = history, .space = space };
	_cleanup_free_ char *head = NULL;
	char scale[RENDER_CELL_BYTES];
	size_t shown = history->series_count;

	if (!history->count || !shown) {
		buffer_text(text, "No container runs.\n");
		return;
	}
	plot_set(&plot);
	if (space->height && shown * plot.lines + 3 > space->height)
		shown = space->height > 3 ? (space->height - 3) / plot.lines : 0;
	render_percent(scale, plot.scale);
	head = string_format(
		"filled: CPU used; dotted: entitled to; a strip is %s of one CPU high", scale);
	buffer_format(text, "%.*s\n", (int)space->width, head);
	for (size_t i = 0; i < shown; i++)
		add_strip(text, &plot, i);
	add_axis(text, &plot);
	if (shown < history->series_count)
		buffer_format(text, "(and %zu more)\n", history->series_count - shown);
}
