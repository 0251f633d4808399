/* SPDX-License-Identifier: Apache-2.0 */

/* The form for people: a head line, the names of the columns, a line for each row. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "runtime/stats/render.h"

#define COLUMNS_MOST	 16
#define NAME_WIDTH_MOST	 32u
#define NAME_WIDTH_LEAST 8u

/* Columns go when there is no room: those of the highest rank first; rank 0 never goes. */
struct column {
	const char *title;
	size_t width;
	int rank;
	bool is_name; /* to the left, and as wide as the names are */
	void (*cell)(char cell[RENDER_CELL_BYTES], const struct stats_row *row);
};

static void cell_containers(char cell[RENDER_CELL_BYTES], const struct stats_row *row)
{
	render_count(cell, row->containers);
}

static void cell_usage(char cell[RENDER_CELL_BYTES], const struct stats_row *row)
{
	render_percent(cell, row->usage);
}

static void cell_wait(char cell[RENDER_CELL_BYTES], const struct stats_row *row)
{
	render_percent(cell, row->wait);
}

static void cell_throttled(char cell[RENDER_CELL_BYTES], const struct stats_row *row)
{
	render_percent(cell, row->throttled);
}

static void cell_entitled(char cell[RENDER_CELL_BYTES], const struct stats_row *row)
{
	render_percent(cell, row->entitled);
}

static void cell_deficit(char cell[RENDER_CELL_BYTES], const struct stats_row *row)
{
	render_percent(cell, row->deficit);
}

static void cell_pressure(char cell[RENDER_CELL_BYTES], const struct stats_row *row)
{
	if (isnan(row->some))
		(void)snprintf(cell, RENDER_CELL_BYTES, "-");
	else
		(void)snprintf(
			cell, RENDER_CELL_BYTES, "%.0f/%.0f%%", row->some * 100, row->full * 100);
}

static void cell_memory(char cell[RENDER_CELL_BYTES], const struct stats_row *row)
{
	char limit[RENDER_CELL_BYTES] = "";

	render_bytes(cell, render_known(row->footprint.memory));
	if (!row->footprint.memory_limit)
		return;
	render_bytes(limit, (double)row->footprint.memory_limit);
	(void)snprintf(cell + strlen(cell), RENDER_CELL_BYTES - strlen(cell), "/%.15s", limit);
}

static void cell_pids(char cell[RENDER_CELL_BYTES], const struct stats_row *row)
{
	render_count(cell, row->footprint.pids);
}

static void cell_io(char cell[RENDER_CELL_BYTES], const struct stats_row *row)
{
	char read[RENDER_CELL_BYTES], written[RENDER_CELL_BYTES];

	render_bytes(read, row->read);
	render_bytes(written, row->written);
	(void)snprintf(cell, RENDER_CELL_BYTES, "%.14s/%.14s", read, written);
}

static const struct column columns_of_containers[] = {
	{ "ID", 0, 0, true, NULL },
	{ "TENANT", 0, 4, true, NULL },
	{ "CPU", 7, 0, false, cell_usage },
	{ "WAIT", 7, 0, false, cell_wait },
	{ "THROTTLED", 9, 5, false, cell_throttled },
	{ "ENTITLED", 8, 2, false, cell_entitled },
	{ "DEFICIT", 7, 1, false, cell_deficit },
	{ "SOME/FULL", 9, 7, false, cell_pressure },
	{ "MEMORY", 11, 3, false, cell_memory },
	{ "PIDS", 5, 6, false, cell_pids },
	{ "READ/WRITTEN", 12, 8, false, cell_io },
};

static const struct column columns_of_tenants[] = {
	{ "TENANT", 0, 0, true, NULL },
	{ "CONTAINERS", 10, 4, false, cell_containers },
	{ "CPU", 7, 0, false, cell_usage },
	{ "WAIT", 7, 0, false, cell_wait },
	{ "THROTTLED", 9, 5, false, cell_throttled },
	{ "ENTITLED", 8, 2, false, cell_entitled },
	{ "DEFICIT", 7, 1, false, cell_deficit },
	{ "SOME/FULL", 9, 7, false, cell_pressure },
	{ "MEMORY", 11, 3, false, cell_memory },
	{ "PIDS", 5, 6, false, cell_pids },
	{ "READ/WRITTEN", 12, 8, false, cell_io },
};

static const char *name_in(const struct column *column, const struct stats_row *row)
{
	const char *name = !strcmp(column->title, "ID") ? row->id : row->tenant;

	return name ? name : "-";
}

static size_t name_width(const struct column *column, const struct stats_sample *sample)
{
	size_t width = strlen(column->title);

	for (size_t i = 0; i < sample->count; i++)
		if (strlen(name_in(column, &sample->rows[i])) > width)
			width = strlen(name_in(column, &sample->rows[i]));
	return width < NAME_WIDTH_MOST ? width : NAME_WIDTH_MOST;
}

/* Where nobody is in a tenant, nobody asks. */
static bool is_empty(const struct column *column, const struct stats_sample *sample)
{
	if (!column->is_name || !column->rank)
		return false;
	for (size_t i = 0; i < sample->count; i++)
		if (sample->rows[i].tenant)
			return false;
	return true;
}

static size_t table_width(const struct column *columns, size_t count)
{
	size_t width = 0;

	for (size_t i = 0; i < count; i++)
		width += columns[i].width + (i ? 1 : 0);
	return width;
}

/* Take columns away until WIDTH is enough, and at last shorten the names. */
static size_t table_fit(struct column *columns, size_t count, size_t width)
{
	while (table_width(columns, count) > width) {
		size_t worst = 0;

		for (size_t i = 1; i < count; i++)
			if (columns[i].rank > columns[worst].rank)
				worst = i;
		if (!columns[worst].rank)
			break;
		memmove(columns + worst, columns + worst + 1,
			(count - worst - 1) * sizeof(*columns));
		count--;
	}
	while (table_width(columns, count) > width && columns[0].width > NAME_WIDTH_LEAST)
		columns[0].width--;
	return count;
}

/* At most WIDTH characters of a line; the ids and names of hull are ASCII. */
static void add_line(struct buffer *text, const struct buffer *line, size_t width)
{
	size_t length = line->length;

	while (length && line->data[length - 1] == ' ')
		length--;
	buffer_bytes(text, line->data, length < width ? length : width);
	buffer_text(text, "\n");
}

static void add_blanks(struct buffer *line, size_t width, size_t length)
{
	static const char blanks[] = "                                ";

	if (length < width)
		buffer_bytes(line, blanks, width - length);
}

static void add_row(struct buffer *text, const struct column *columns, size_t count,
	const struct stats_row *row, size_t width)
{
	_cleanup_buffer_ struct buffer line = { 0 };
	char cell[RENDER_CELL_BYTES];

	for (size_t i = 0; i < count; i++) {
		const char *word = columns[i].title;
		size_t length;

		if (i)
			buffer_text(&line, " ");
		if (row && columns[i].is_name) {
			word = name_in(&columns[i], row);
		} else if (row) {
			columns[i].cell(cell, row);
			word = cell;
		}
		length = strlen(word);
		if (columns[i].is_name && length > columns[i].width) {
			buffer_bytes(&line, word, columns[i].width - 1);
			buffer_text(&line, "~");
			continue;
		}
		if (!columns[i].is_name)
			add_blanks(&line, columns[i].width, length);
		buffer_bytes(&line, word, length);
		if (columns[i].is_name)
			add_blanks(&line, columns[i].width, length);
	}
	add_line(text, &line, width);
}

static void add_head(
	struct buffer *text, const struct stats_sample *sample, const struct render_space *space)
{
	_cleanup_buffer_ struct buffer line = { 0 };
	char busy[RENDER_CELL_BYTES], steal[RENDER_CELL_BYTES];
	size_t containers = 0;

	for (size_t i = 0; i < sample->count; i++)
		containers += sample->rows[i].containers;
	render_percent(busy, sample->host.busy);
	render_percent(steal, sample->host.steal);
	buffer_format(&line, "%.8s  %d CPUs, %s busy, %s stolen from this machine  %zu container%s",
		sample->time + 11, sample->host.cpus, busy, steal, containers,
		containers == 1 ? "" : "s");
	if (space->interval)
		buffer_format(&line, "  every %gs", (double)space->interval / 1e9);
	add_line(text, &line, space->width);
}

static size_t table_columns(struct column *columns, const struct stats_sample *sample, bool tenants)
{
	const struct column *all = tenants ? columns_of_tenants : columns_of_containers;
	size_t most = tenants ? ARRAY_SIZE(columns_of_tenants) : ARRAY_SIZE(columns_of_containers);
	size_t count = 0;

	for (size_t i = 0; i < most; i++) {
		if (is_empty(&all[i], sample))
			continue;
		columns[count] = all[i];
		if (all[i].is_name)
			columns[count].width = name_width(&all[i], sample);
		count++;
	}
	return count;
}

void render_table(
	struct buffer *text, const struct stats_sample *sample, const struct render_space *space)
{
	struct column columns[COLUMNS_MOST];
	size_t count = table_columns(columns, sample, space->tenants), shown = sample->count;

	count = table_fit(columns, count, space->width);
	add_head(text, sample, space);
	add_row(text, columns, count, NULL, space->width);
	/* The head, the titles, and the line that says what is not shown. */
	if (space->height && shown + 2 > space->height)
		shown = space->height > 3 ? space->height - 3 : 0;
	for (size_t i = 0; i < shown; i++)
		add_row(text, columns, count, &sample->rows[i], space->width);
	if (shown < sample->count) {
		_cleanup_buffer_ struct buffer line = { 0 };

		buffer_format(&line, "(and %zu more)", sample->count - shown);
		add_line(text, &line, space->width);
	}
}
