/* SPDX-License-Identifier: Apache-2.0 */

/* Numbers for people, and the form with a line for each container. */
#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "runtime/stats/render.h"

/*
 * Numbers are written by hand: printf would be a third of the cost of a sample of a
 * hundred containers. A number with TENTHS has one digit behind the point.
 */
static void put_number(char cell[RENDER_CELL_BYTES], uint64_t number, bool tenths, const char *unit)
{
	char digits[24];
	size_t count = 0, at = 0;

	do {
		digits[count++] = (char)('0' + number % 10);
		if (tenths && count == 1)
			digits[count++] = '.';
		number /= 10;
	} while (number || (tenths && count < 3));
	while (count)
		cell[at++] = digits[--count];
	while (*unit)
		cell[at++] = *unit++;
	cell[at] = '\0';
}

static void put_unknown(char cell[RENDER_CELL_BYTES])
{
	cell[0] = '-';
	cell[1] = '\0';
}

void render_percent(char cell[RENDER_CELL_BYTES], double share)
{
	if (isnan(share))
		put_unknown(cell);
	else
		put_number(cell, (uint64_t)(fmax(share, 0) * 1000 + 0.5), true, "%");
}

void render_bytes(char cell[RENDER_CELL_BYTES], double bytes)
{
	static const char units[][2] = { "B", "K", "M", "G", "T", "P" };
	size_t unit = 0;

	if (isnan(bytes)) {
		put_unknown(cell);
		return;
	}
	while (bytes >= 999.5 && unit < ARRAY_SIZE(units) - 1) {
		bytes /= 1024;
		unit++;
	}
	if (bytes < 9.95 && unit)
		put_number(cell, (uint64_t)(bytes * 10 + 0.5), true, units[unit]);
	else
		put_number(cell, (uint64_t)(bytes + 0.5), false, units[unit]);
}

void render_count(char cell[RENDER_CELL_BYTES], uint64_t count)
{
	if (count == FOOTPRINT_UNKNOWN)
		put_unknown(cell);
	else
		put_number(cell, count, false, "");
}

double render_known(uint64_t number)
{
	return number == FOOTPRINT_UNKNOWN ? NAN : (double)number;
}

static void add_word(struct buffer *text, const char *key, const char *value)
{
	buffer_text(text, key);
	buffer_text(text, value);
}

static void line_of(
	struct buffer *text, const struct stats_sample *sample, const struct stats_row *row)
{
	const struct {
		const char *key;
		double share;
	} shares[] = {
		{ " cpu=", row->usage },
		{ " wait=", row->wait },
		{ " throttled=", row->throttled },
		{ " entitled=", row->entitled },
		{ " deficit=", row->deficit },
		{ " some=", row->some },
		{ " full=", row->full },
		{ " host-steal=", sample->host.steal },
	};
	const struct {
		const char *key;
		double bytes;
	} amounts[] = {
		{ " memory=", render_known(row->footprint.memory) },
		{ " read/s=", row->read },
		{ " written/s=", row->written },
	};
	char cell[RENDER_CELL_BYTES];

	buffer_bytes(text, sample->time, strlen("2026-11-22T15:41:31"));
	buffer_text(text, "Z");
	if (row->id)
		add_word(text, " id=", row->id);
	if (row->tenant || !row->id)
		add_word(text, " tenant=", row->tenant ? row->tenant : "-");
	if (!row->id) {
		render_count(cell, row->containers);
		add_word(text, " containers=", cell);
	}
	for (size_t i = 0; i < ARRAY_SIZE(shares); i++) {
		render_percent(cell, shares[i].share);
		add_word(text, shares[i].key, cell);
	}
	render_count(cell, row->footprint.pids);
	add_word(text, " pids=", cell);
	for (size_t i = 0; i < ARRAY_SIZE(amounts); i++) {
		render_bytes(cell, amounts[i].bytes);
		add_word(text, amounts[i].key, cell);
	}
	buffer_text(text, "\n");
}

void render_lines(struct buffer *text, const struct stats_sample *sample)
{
	for (size_t i = 0; i < sample->count; i++)
		line_of(text, sample, &sample->rows[i]);
}
