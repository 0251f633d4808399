/* SPDX-License-Identifier: Apache-2.0 */
#include "image/progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/memory.h"

#define REDRAW_NANOSECONDS 100000000u
#define NANOSECONDS	   1000000000u
#define BAR_CELLS	   24u
#define LABEL_BYTES	   20

struct item {
	char label[LABEL_BYTES];
	uint64_t total, from, bytes;
	uint64_t began; /* clock_monotonic; 0: not yet */
	const char *word;
};

struct progress {
	bool terminal, quiet;
	unsigned int count, drawn; /* lines on the screen, above the cursor */
	uint64_t redrawn;
	struct item items[PROGRESS_ITEMS_MOST];
};

struct progress *progress_open(bool quiet)
{
	struct progress *progress = memory_allocate_zero(sizeof(*progress));

	progress->quiet = quiet;
	progress->terminal = !quiet && isatty(STDERR_FILENO);
	return progress;
}

/* "12.3 MiB" */
static void add_bytes(struct buffer *text, double bytes)
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB" };
	unsigned int unit = 0;

	while (bytes >= 1000 && unit < ARRAY_SIZE(units) - 1) {
		bytes /= 1024;
		unit++;
	}
	buffer_format(text, "%.*f %s", unit && bytes < 100 ? 1 : 0, bytes, units[unit]);
}

static void add_rate(struct buffer *text, const struct item *item)
{
	double seconds = (double)(clock_monotonic() - item->began) / NANOSECONDS;
	double rate = seconds > 0 ? (double)(item->bytes - item->from) / seconds : 0;
	uint64_t left = item->total > item->bytes ? item->total - item->bytes : 0;

	if (rate < 1)
		return;
	buffer_text(text, "  ");
	add_bytes(text, rate);
	buffer_format(text, "/s  %u s left", (unsigned int)((double)left / rate));
}

static void add_line(struct buffer *text, const struct item *item)
{
	unsigned int cells =
		item->total ? (unsigned int)(item->bytes * BAR_CELLS / item->total) : BAR_CELLS;

	cells = cells < BAR_CELLS ? cells : BAR_CELLS;
	buffer_format(text, "\r%-19s [", item->label);
	for (unsigned int i = 0; i < BAR_CELLS; i++)
		buffer_text(text, i < cells ? "=" : i == cells ? ">" : " ");
	buffer_text(text, "] ");
	add_bytes(text, (double)item->bytes);
	buffer_text(text, " of ");
	add_bytes(text, (double)item->total);
	if (item->word)
		buffer_format(text, "  %s", item->word);
	else if (item->began)
		add_rate(text, item);
	buffer_text(text, "\033[K\n");
}

/* Of more lines than the terminal has, those that are over are left out. */
static void draw(struct progress *progress, bool now)
{
	_cleanup_buffer_ struct buffer text = { 0 };
	struct winsize window = { 0 };
	unsigned int room, lines = 0;
	uint64_t time = clock_monotonic();

	if (!progress->terminal || (!now && time - progress->redrawn < REDRAW_NANOSECONDS))
		return;
	progress->redrawn = time;
	room = ioctl(STDERR_FILENO, TIOCGWINSZ, &window) == 0 && window.ws_row > 2
		       ? window.ws_row - 1u
		       : 20;
	if (progress->drawn)
		buffer_format(&text, "\033[%uA", progress->drawn);
	for (unsigned int i = 0; i < progress->count && lines < room; i++) {
		if (progress->items[i].word && progress->count > room)
			continue;
		add_line(&text, &progress->items[i]);
		lines++;
	}
	buffer_text(&text, "\033[J");
	progress->drawn = lines;
	(void)file_write_all(STDERR_FILENO, text.data, text.length);
}

unsigned int progress_add(struct progress *progress, const char *label, uint64_t total)
{
	unsigned int number =
		progress->count < PROGRESS_ITEMS_MOST ? progress->count++ : PROGRESS_ITEMS_MOST - 1;
	struct item *item = &progress->items[number];

	*item = (struct item){ .total = total };
	(void)snprintf(item->label, sizeof(item->label), "%s", label);
	return number;
}

void progress_begin(struct progress *progress, unsigned int item, uint64_t from)
{
	progress->items[item].from = progress->items[item].bytes = from;
	progress->items[item].began = clock_monotonic();
	draw(progress, false);
}

void progress_move(struct progress *progress, unsigned int item, uint64_t bytes)
{
	progress->items[item].bytes = bytes;
	draw(progress, false);
}

void progress_end(struct progress *progress, unsigned int item, const char *word)
{
	struct item *it = &progress->items[item];

	it->word = word;
	draw(progress, true);
	if (!progress->terminal && !progress->quiet)
		log_info("%s: %" PRIu64 " bytes, %s", it->label, it->total, word);
}

void progress_close(struct progress **progress)
{
	if (*progress)
		draw(*progress, true);
	memory_free_pointer(progress);
}
