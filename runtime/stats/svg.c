/* SPDX-License-Identifier: Apache-2.0 */

/* Shares over time as a picture (SVG 1.1) for a browser. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "runtime/stats/history.h"
#include "runtime/stats/render.h"

#define LEFT	      60.0
#define WIDTH	      700.0 /* of a diagram */
#define TOP	      50.0
#define HEIGHT	      300.0
#define LOW_TOP	      (TOP + HEIGHT + 60)
#define LOW_HEIGHT    110.0
#define LEGEND	      (LEFT + WIDTH + 20)
#define LEGEND_STEP   18.0
#define PICTURE_WIDTH 1060.0

/* Told apart by people who see few colours too (Okabe and Ito), then lighter ones. */
static const char *const colours[] = { "#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9",
	"#d55e00", "#f0e442", "#7f7f7f", "#9edae5", "#c5b0d5", "#98df8a", "#ffbb78" };

#define OTHERS_COLOUR "#dddddd"
#define STEAL_COLOUR  "#333333"

static const char *colour_of(size_t number)
{
	return colours[number % ARRAY_SIZE(colours)];
}

static double x_of(const struct history *history, size_t at)
{
	double last = history->time[history->count - 1];

	return LEFT + (last > 0 ? history->time[at] / last : 0) * WIDTH;
}

static double known(double value)
{
	return isnan(value) ? 0 : value;
}

static void add_text(struct buffer *text, const char *words)
{
	for (; *words; words++)
		switch (*words) {
		case '<':
			buffer_text(text, "&lt;");
			break;
		case '>':
			buffer_text(text, "&gt;");
			break;
		case '&':
			buffer_text(text, "&amp;");
			break;
		default:
			buffer_bytes(text, words, 1);
		}
}

static void add_label(
	struct buffer *text, double x, double y, const char *anchor, const char *words)
{
	buffer_format(text, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">", x, y, anchor);
	add_text(text, words);
	buffer_text(text, "</text>\n");
}

/* Lines across with their percentages, up to MOST CPUs. */
static void add_grid(struct buffer *text, double top, double height, double most)
{
	for (int i = 0; i <= 4; i++) {
		double y = top + height * (4 - i) / 4;
		char words[RENDER_CELL_BYTES];

		(void)snprintf(words, sizeof(words), "%.3g%%", most * 25 * i);
		buffer_format(text,
			"<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" "
			"stroke=\"#cccccc\" stroke-width=\"0.5\"/>\n",
			LEFT, y, LEFT + WIDTH, y);
		add_label(text, LEFT - 6, y + 4, "end", words);
	}
}

static void add_times(struct buffer *text, const struct history *history, double y)
{
	double last = history->time[history->count - 1];

	for (int i = 0; i <= 4; i++) {
		char words[RENDER_CELL_BYTES];

		(void)snprintf(words, sizeof(words), "%.3gs", last * i / 4);
		add_label(text, LEFT + WIDTH * i / 4, y, "middle", words);
	}
}

/* The area of VALUES above BASE, which then is its upper end. */
static void add_area(struct buffer *text, const struct history *history, const double *values,
	double *base, const char *colour, const char *name)
{
	const double scale = HEIGHT / history->cpus;

	buffer_format(text, "<path fill=\"%s\" d=\"M", colour);
	for (size_t i = 0; i < history->count; i++)
		buffer_format(text, "%.1f,%.1f ", x_of(history, i),
			TOP + HEIGHT - fmin(base[i] + known(values[i]), history->cpus) * scale);
	for (size_t i = history->count; i-- > 0;) {
		buffer_format(text, "%.1f,%.1f ", x_of(history, i),
			TOP + HEIGHT - fmin(base[i], history->cpus) * scale);
		base[i] += known(values[i]);
	}
	buffer_text(text, "Z\"><title>");
	add_text(text, name);
	buffer_text(text, "</title></path>\n");
}

static void add_areas(struct buffer *text, const struct history *history)
{
	_cleanup_free_ double *base = memory_allocate_zero(history->count * sizeof(*base));

	for (size_t i = 0; i < history->series_count; i++)
		add_area(text, history, history->series[i]->usage, base, colour_of(i),
			history->series[i]->name);
	add_area(text, history, history->others, base, OTHERS_COLOUR, "all else on this machine");
	add_area(text, history, history->steal, base, STEAL_COLOUR, "stolen by the hypervisor");
}

static void add_deficits(struct buffer *text, const struct history *history)
{
	double most = 0.1;

	for (size_t i = 0; i < history->series_count; i++)
		for (size_t j = 0; j < history->count; j++)
			most = fmax(most, known(history->series[i]->deficit[j]));
	add_grid(text, LOW_TOP, LOW_HEIGHT, most);
	for (size_t i = 0; i < history->series_count; i++) {
		buffer_format(text,
			"<polyline fill=\"none\" stroke=\"%s\" stroke-width=\"1.5\" points=\"",
			colour_of(i));
		for (size_t j = 0; j < history->count; j++)
			buffer_format(text, "%.1f,%.1f ", x_of(history, j),
				LOW_TOP + LOW_HEIGHT -
					known(history->series[i]->deficit[j]) / most * LOW_HEIGHT);
		buffer_text(text, "\"><title>");
		add_text(text, history->series[i]->name);
		buffer_text(text, "</title></polyline>\n");
	}
}

static void add_legend_line(
	struct buffer *text, size_t line, const char *colour, const char *name, const char *words)
{
	double y = TOP + LEGEND_STEP * (double)line;

	buffer_format(text,
		"<rect x=\"%.1f\" y=\"%.1f\" width=\"12\" height=\"12\" fill=\"%s\"/>\n", LEGEND, y,
		colour);
	add_label(text, LEGEND + 18, y + 10, "start", name);
	add_label(text, PICTURE_WIDTH - 10, y + 10, "end", words);
}

static void add_legend(struct buffer *text, const struct history *history)
{
	size_t count = history->count, line = 0;
	char usage[RENDER_CELL_BYTES], entitled[RENDER_CELL_BYTES];

	add_label(text, PICTURE_WIDTH - 10, TOP - 8, "end", "used / entitled to");
	for (; line < history->series_count; line++) {
		const struct history_series *series = history->series[line];
		_cleanup_free_ char *name = string_format("%.22s", series->name), *words = NULL;

		render_percent(usage, history_mean(series->usage, 0, count));
		render_percent(entitled, history_mean(series->entitled, 0, count));
		words = string_format("%s / %s", usage, entitled);
		add_legend_line(text, line, colour_of(line), name, words);
	}
	render_percent(usage, history_mean(history->others, 0, count));
	add_legend_line(text, line++, OTHERS_COLOUR, "all else", usage);
	render_percent(usage, history_mean(history->steal, 0, count));
	add_legend_line(text, line, STEAL_COLOUR, "stolen by the hypervisor", usage);
}

void svg_draw(struct buffer *text, const struct history *history)
{
	double lines = (double)history->series_count + 2;
	double height = fmax(LOW_TOP + LOW_HEIGHT + 40, TOP + lines * LEGEND_STEP + 20);

	buffer_format(text,
		"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%.0f\" height=\"%.0f\" "
		"viewBox=\"0 0 %.0f %.0f\" font-family=\"sans-serif\" font-size=\"11\">\n"
		"<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>\n",
		PICTURE_WIDTH, height, PICTURE_WIDTH, height);
	buffer_format(text, "<text x=\"%.1f\" y=\"24\" font-size=\"15\">CPU use</text>\n", LEFT);
	if (!history->count) {
		add_label(text, LEFT, TOP, "start", "No sample was taken.");
		buffer_text(text, "</svg>\n");
		return;
	}
	add_areas(text, history);
	add_grid(text, TOP, HEIGHT, history->cpus);
	add_times(text, history, TOP + HEIGHT + 16);
	buffer_format(text,
		"<text x=\"%.1f\" y=\"%.1f\" font-size=\"13\">Deficit: entitled to, wanted and not "
		"got</text>\n",
		LEFT, LOW_TOP - 14);
	add_deficits(text, history);
	add_times(text, history, LOW_TOP + LOW_HEIGHT + 16);
	add_legend(text, history);
	buffer_text(text, "</svg>\n");
}
