/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_RUNTIME_STATS_HISTORY_H
#define HULL_RUNTIME_STATS_HISTORY_H

/* Shares over time, for pictures of them. */
#include <stdbool.h>
#include <stddef.h>

#include "runtime/stats/sample.h"

#define HISTORY_MOST 2048 /* when there are more, two become one */

/* A container or tenant; CPUs at each time, NAN where it was not there. */
struct history_series {
	char *name;
	double usage[HISTORY_MOST], entitled[HISTORY_MOST], deficit[HISTORY_MOST];
};

struct history {
	size_t count;					  /* of samples */
	double time[HISTORY_MOST];			  /* seconds since the first */
	double others[HISTORY_MOST], steal[HISTORY_MOST]; /* CPUs: of all else, of the hypervisor */
	int cpus;
	struct history_series **series; /* in the order in which they came */
	size_t series_count;
};

/* Samples without an interval are left out. */
void history_add(struct history *history, const struct stats_sample *sample);
void history_free(struct history *history);

#define _cleanup_history_ __attribute__((cleanup(history_free)))

/* The mean of VALUES[FROM] up to and without VALUES[TO], of those that are known; or NAN. Pure. */
double history_mean(const double *values, size_t from, size_t to);

/* How a picture in characters is to be. */
struct plot_space {
	size_t width, height; /* characters, lines; height 0: any */
	bool live;	      /* the newest sample is at the right end; else all fill the width */
	bool ascii;	      /* else braille patterns in UTF-8 */
	bool colours;
};

/* A strip for each series: filled is its usage, dotted what it was entitled to. */
void plot_draw(struct buffer *text, const struct history *history, const struct plot_space *space);

/* A picture that needs no other file: shares stacked above each other, and deficits. */
void svg_draw(struct buffer *text, const struct history *history);

#endif
