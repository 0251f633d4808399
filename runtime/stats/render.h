/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_RUNTIME_STATS_RENDER_H
#define HULL_RUNTIME_STATS_RENDER_H

/* A sample as text, in the forms of `hull stats --format`. Pure: the text is appended. */
#include "base/buffer.h"
#include "runtime/stats/sample.h"

#define RENDER_CELL_BYTES 32

/* For people: columns that do not fit into WIDTH are left out, rows that do not fit into HEIGHT too. */
struct render_space {
	size_t width, height; /* characters, lines; height 0: any */
	bool tenants;	      /* the rows are tenants */
	uint64_t interval;    /* nanoseconds, for the head line; 0: it is the only sample */
};

void render_table(
	struct buffer *text, const struct stats_sample *sample, const struct render_space *space);

/* A line of words "key=value" for each row. */
void render_lines(struct buffer *text, const struct stats_sample *sample);

/* A JSON object and a line break for each row. */
void render_json(struct buffer *text, const struct stats_sample *sample);

/* One exposition: https://prometheus.io/docs/specs/om/open_metrics_spec/ (1.0). */
void render_openmetrics(struct buffer *text, const struct stats_sample *sample, bool tenants);

/* Cells: 0.123 is "12.3%", bytes are "1.5M"; what is not known is "-". */
void render_percent(char cell[RENDER_CELL_BYTES], double share);
void render_bytes(char cell[RENDER_CELL_BYTES], double bytes);
void render_count(char cell[RENDER_CELL_BYTES], uint64_t count);

/* FOOTPRINT_UNKNOWN as NAN. */
double render_known(uint64_t number);

#endif
