/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_RUNTIME_STATS_SAMPLE_H
#define HULL_RUNTIME_STATS_SAMPLE_H

/*
 * Statistics of containers at one moment, and over the time since the moment
 * before: what `hull stats` shows in its forms, and `hull events` tells.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/json.h"
#include "cgroup/footprint.h"
#include "cgroup/stolen.h"

/* Shares of the whole machine in the interval (/proc/stat), 0 to 1; NAN: not known. */
struct stats_host {
	int cpus;
	double busy, steal;
};

/* A container, or a tenant with all its containers. */
struct stats_row {
	const char *id;	    /* NULL: of a tenant */
	const char *tenant; /* NULL: in none */
	size_t containers;
	struct stolen total;
	struct footprint footprint;

	/* CPUs, in the interval; NAN: not known (yet). */
	double usage, wait, throttled;
	double some, full; /* shares of the time */
	double entitled, deficit;
	double read, written; /* bytes a second */

	const char *counters; /* what only its isolation counts, a JSON object; or NULL */
};

struct stats_sample {
	char time[CLOCK_TEXT_BYTES];
	double interval; /* seconds since the reading before; 0: this is the first */
	struct stats_host host;
	struct stats_row *rows; /* in the order of their names */
	size_t count, size;	/* of the rows, and of the room for them */
};

struct stats_sampler;

struct stats_request {
	const char *const *ids; /* or NULL: all that run, also those that come later */
	size_t count;
	bool tenants;  /* a row for each tenant instead */
	bool counters; /* those of the isolation too */
	bool once;     /* the totals are wanted, no interval will follow */
};

/*
 * The request and ROOT_FD have to live as long. 0, or a negative errno with a message:
 * -ENOENT, -ESRCH for an id that is not of a running container.
 */
int stats_sampler_open(
	struct stats_sampler **sampler, int root_fd, const struct stats_request *request);

/*
 * Read once. The sample is the sampler's and good until the next one. 0, or a
 * negative errno with a message.
 */
int stats_sampler_take(struct stats_sampler *sampler, const struct stats_sample **sample);

/* With ids: how many of them still run. */
size_t stats_sampler_count(const struct stats_sampler *sampler);
void stats_sampler_close(struct stats_sampler **sampler);

#define _cleanup_stats_sampler_ __attribute__((cleanup(stats_sampler_close)))

/* The members "cpu" and "host", added to an object that is open. */
void stats_write_cpu(struct json_writer *writer, const struct stats_row *row);
void stats_write_host(struct json_writer *writer, const struct stats_host *host);

#endif
