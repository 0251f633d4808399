/* SPDX-License-Identifier: Apache-2.0 */

/* Numbers for people, and the form with a line for each container. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "runtime/stats/render.h"

void render_percent(char cell[RENDER_CELL_BYTES], double share)
{
	if (isnan(share))
		(void)snprintf(cell, RENDER_CELL_BYTES, "-");
	else
		(void)snprintf(cell, RENDER_CELL_BYTES, "%.1f%%", share * 100);
}

void render_bytes(char cell[RENDER_CELL_BYTES], double bytes)
{
	static const char units[] = "BKMGTP";
	size_t unit = 0;

	if (isnan(bytes)) {
		(void)snprintf(cell, RENDER_CELL_BYTES, "-");
		return;
	}
	while (bytes >= 999.5 && unit < sizeof(units) - 2) {
		bytes /= 1024;
		unit++;
	}
	(void)snprintf(cell, RENDER_CELL_BYTES, "%.*f%c", bytes < 9.95 && unit ? 1 : 0, bytes,
		units[unit]);
}

void render_count(char cell[RENDER_CELL_BYTES], uint64_t count)
{
	if (count == FOOTPRINT_UNKNOWN)
		(void)snprintf(cell, RENDER_CELL_BYTES, "-");
	else
		(void)snprintf(cell, RENDER_CELL_BYTES, "%" PRIu64, count);
}

double render_known(uint64_t number)
{
	return number == FOOTPRINT_UNKNOWN ? NAN : (double)number;
}

static void line_of(
	struct buffer *text, const struct stats_sample *sample, const struct stats_row *row)
{
	const struct {
		const char *key;
		double share;
	} shares[] = {
		{ "cpu", row->usage },
		{ "wait", row->wait },
		{ "throttled", row->throttled },
		{ "entitled", row->entitled },
		{ "deficit", row->deficit },
		{ "some", row->some },
		{ "full", row->full },
	};
	const struct {
		const char *key;
		double bytes;
	} amounts[] = {
		{ "memory", render_known(row->footprint.memory) },
		{ "read/s", row->read },
		{ "written/s", row->written },
	};
	char cell[RENDER_CELL_BYTES];

	buffer_format(text, "%.19sZ", sample->time);
	if (row->id)
		buffer_format(text, " id=%s", row->id);
	if (row->tenant || !row->id)
		buffer_format(text, " tenant=%s", row->tenant ? row->tenant : "-");
	if (!row->id)
		buffer_format(text, " containers=%zu", row->containers);
	for (size_t i = 0; i < ARRAY_SIZE(shares); i++) {
		render_percent(cell, shares[i].share);
		buffer_format(text, " %s=%s", shares[i].key, cell);
	}
	render_count(cell, row->footprint.pids);
	buffer_format(text, " pids=%s", cell);
	for (size_t i = 0; i < ARRAY_SIZE(amounts); i++) {
		render_bytes(cell, amounts[i].bytes);
		buffer_format(text, " %s=%s", amounts[i].key, cell);
	}
	render_percent(cell, sample->host.steal);
	buffer_format(text, " host-steal=%s\n", cell);
}

void render_lines(struct buffer *text, const struct stats_sample *sample)
{
	for (size_t i = 0; i < sample->count; i++)
		line_of(text, sample, &sample->rows[i]);
}
