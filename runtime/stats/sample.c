/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/stats/sample.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/error.h"
#include "base/memory.h"
#include "cgroup/share_tree.h"
#include "runtime/container.h"
#include "runtime/selection.h"
#include "runtime/stats/measure.h"
#include "runtime/stats/tenant.h"
#include "runtime/stats/turns.h"

struct watched {
	char *id, *tenant;
	bool runs;	    /* else only remembered, so that it is not looked at each time */
	struct stat folder; /* of its state, when that was looked at */
	struct measure group;
	struct share_node *node;   /* or NULL */
	struct stats_level *level; /* of its tenant, or NULL */
};

struct stats_sampler {
	int root_fd;
	const struct stats_request *request;
	struct kept_files kept;
	struct share_tree *tree;
	struct watched **items; /* in the order of their ids */
	size_t count;
	struct stats_level *levels;
	struct host_times host;
	struct timespec root_time; /* of root_fd, when the list of all was read */
	uint64_t time;		   /* of the last reading; 0: none yet */
	struct turns turns;
	struct stats_sample sample;
};

static void watched_rest(struct stats_sampler *sampler, struct watched *watched)
{
	if (watched->node)
		share_tree_drop(sampler->tree, watched->node);
	watched->node = NULL;
	stats_level_leave(&sampler->levels, watched->level, &sampler->kept);
	watched->level = NULL;
	measure_close(&watched->group, &sampler->kept);
	memory_free_pointer(&watched->tenant);
	watched->runs = false;
}

static void watched_free(struct stats_sampler *sampler, struct watched *watched)
{
	watched_rest(sampler, watched);
	free(watched->id);
	free(watched);
}

static int watched_start(
	struct stats_sampler *sampler, struct watched *watched, const struct container *container)
{
	struct cgroup *cgroup;
	int r = measure_open(
		&watched->group, watched->id, container->record.cgroup, true, &sampler->kept);

	if (r < 0)
		return r;
	watched->runs = true;
	if (container->record.tenant)
		watched->tenant = string_copy(container->record.tenant);
	cgroup = watched->group.cgroup;
	if (!watched->group.meter)
		return 0;
	if (sampler->request->tenants)
		watched->level = stats_level_enter(
			&sampler->levels, container->record.cgroup, &sampler->kept);
	if (!sampler->tree)
		r = share_tree_open(&sampler->tree, cgroup, &sampler->kept);
	if (r >= 0)
		watched->node = share_tree_add(sampler->tree, cgroup);
	return r;
}

/*
 * Is TIME, of a folder that was looked at just now, that of its last change for sure?
 * The kernel's clock for files has coarse steps: another change may follow in the same one.
 */
static bool is_settled(const struct timespec *time)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec > time->tv_sec + 1;
}

/* Does it run? Looked at again only when something in its folder was renamed. */
static int watched_look(struct stats_sampler *sampler, struct watched *watched)
{
	_cleanup_container_ struct container container = CONTAINER_NONE;
	struct stat folder;
	int r;

	if (fstatat(sampler->root_fd, watched->id, &folder, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	if (folder.st_ino == watched->folder.st_ino &&
		folder.st_mtim.tv_sec == watched->folder.st_mtim.tv_sec &&
		folder.st_mtim.tv_nsec == watched->folder.st_mtim.tv_nsec)
		return 0;
	r = container_open(&container, sampler->root_fd, watched->id, CONTAINER_UNLOCKED);
	if (r < 0)
		return r;
	if (!container.record.cgroup)
		return 0; /* one that is being made: later */
	if (is_settled(&folder.st_mtim))
		watched->folder = folder;
	if (container.record.damaged || !container_runs(&container))
		return 0;
	r = watched_start(sampler, watched, &container);
	if (r < 0)
		watched_rest(sampler, watched);
	return r;
}

static struct watched *watch(struct stats_sampler *sampler, size_t at, const char *id)
{
	struct watched *watched = memory_allocate_zero(sizeof(*watched));

	watched->id = string_copy(id);
	sampler->items =
		memory_resize(sampler->items, (sampler->count + 1) * sizeof(struct watched *));
	memmove(sampler->items + at + 1, sampler->items + at,
		(sampler->count - at) * sizeof(struct watched *));
	sampler->items[at] = watched;
	sampler->count++;
	return watched;
}

static void unwatch(struct stats_sampler *sampler, size_t at)
{
	watched_free(sampler, sampler->items[at]);
	sampler->count--;
	memmove(sampler->items + at, sampler->items + at + 1,
		(sampler->count - at) * sizeof(struct watched *));
}

/* Both lists are in the order of the ids. */
static int sampler_find(struct stats_sampler *sampler)
{
	_cleanup_selection_ struct selection all = { 0 };
	size_t at = 0;
	int r = selection_make(&all, sampler->root_fd, NULL);

	if (r < 0)
		return r;
	for (size_t i = 0; i < all.count; i++) {
		int order = 1;

		while (at < sampler->count &&
			(order = strcmp(sampler->items[at]->id, all.ids[i])) < 0)
			unwatch(sampler, at);
		if (at == sampler->count || order > 0)
			(void)watch(sampler, at, all.ids[i]);
		/* One whose state is damaged, or that ends just now, must not hide the others. */
		if (!sampler->items[at]->runs && watched_look(sampler, sampler->items[at]) < 0)
			error_clear();
		at++;
	}
	while (at < sampler->count)
		unwatch(sampler, at);
	return 0;
}

/*
 * When nothing was made or removed in the folder of the states, only those that do
 * not run yet are looked at.
 */
static int sampler_find_changed(struct stats_sampler *sampler)
{
	struct stat root;

	if (fstat(sampler->root_fd, &root) < 0)
		return error_errno(errno, "cannot read the state folder");
	if (root.st_mtim.tv_sec != sampler->root_time.tv_sec ||
		root.st_mtim.tv_nsec != sampler->root_time.tv_nsec) {
		sampler->root_time =
			is_settled(&root.st_mtim) ? root.st_mtim : (struct timespec){ 0 };
		return sampler_find(sampler);
	}
	for (size_t i = 0; i < sampler->count; i++)
		if (!sampler->items[i]->runs && watched_look(sampler, sampler->items[i]) < 0)
			error_clear();
	return 0;
}

static int sampler_find_named(struct stats_sampler *sampler)
{
	for (size_t i = 0; i < sampler->request->count; i++) {
		const char *id = sampler->request->ids[i];
		size_t at = 0;
		int r, order = 1;

		while (at < sampler->count && (order = strcmp(sampler->items[at]->id, id)) < 0)
			at++;
		if (at < sampler->count && !order)
			continue;
		r = container_check_id(id);
		if (r >= 0) {
			r = watched_look(sampler, watch(sampler, at, id));
			if (r == -ENOENT)
				r = error_set(ENOENT, "container does not exist: %s", id);
			else if (r >= 0 && !sampler->items[at]->runs)
				r = error_set(ESRCH, "container not running: %s", id);
		}
		if (r < 0)
			return r;
	}
	return 0;
}

int stats_sampler_open(
	struct stats_sampler **opened, int root_fd, const struct stats_request *request)
{
	_cleanup_stats_sampler_ struct stats_sampler *sampler =
		memory_allocate_zero(sizeof(*sampler));
	int r;

	sampler->root_fd = root_fd;
	sampler->request = request;
	sampler->kept = kept_files_most();
	r = request->ids ? sampler_find_named(sampler) : 0;
	if (r < 0)
		return r;
	*opened = TAKE_PTR(sampler);
	return 0;
}

void stats_sampler_close(struct stats_sampler **address)
{
	struct stats_sampler *sampler = *address;

	if (!sampler)
		return;
	while (sampler->count)
		unwatch(sampler, sampler->count - 1);
	free(sampler->items);
	free(sampler->sample.rows);
	share_tree_close(&sampler->tree);
	free(sampler);
	*address = NULL;
}

size_t stats_sampler_count(const struct stats_sampler *sampler)
{
	size_t count = 0;

	for (size_t i = 0; i < sampler->count; i++)
		count += sampler->items[i]->runs;
	return count;
}

/* A group that stays behind the last process is that of a container that has ended. */
static bool has_ended(const struct watched *watched)
{
	const struct stolen *total = &watched->group.total;

	return watched->group.meter && total->source == STOLEN_OF_THREADS && !total->threads;
}

static void watched_read(struct stats_sampler *sampler, struct watched *watched)
{
	int looked = measure_read(&watched->group, turns_may_look(&sampler->turns), &sampler->kept);

	if (looked < 0 || has_ended(watched)) {
		watched_rest(sampler, watched);
		return;
	}
	sampler->turns.looked += (size_t)looked;
	if (watched->node && watched->group.readings > 1)
		share_node_tell(watched->node, &watched->group.between);
}

static void sampler_read(struct stats_sampler *sampler)
{
	size_t first = sampler->turns.first;

	for (size_t i = 0; i < sampler->count; i++) {
		size_t at = (first + i) % sampler->count;

		if (turns_may_look(&sampler->turns))
			sampler->turns.first = at + 1;
		if (sampler->items[at]->runs)
			watched_read(sampler, sampler->items[at]);
	}
	stats_levels_read(sampler->levels, &sampler->kept);
	if (sampler->tree && !sampler->request->once)
		share_tree_read(sampler->tree);
}

static struct stats_row *row_new(struct stats_sample *sample)
{
	struct stats_row *row;

	if (sample->count == sample->size) {
		sample->size = sample->size ? 2 * sample->size : 16;
		sample->rows = memory_resize(sample->rows, sample->size * sizeof(*sample->rows));
	}
	row = &sample->rows[sample->count++];
	stats_row_begin(row);
	return row;
}

static void row_add_watched(struct stats_row *row, const struct watched *watched, double interval)
{
	stats_row_add(row, &watched->group, interval);
	row->containers++;
	if (!watched->node || watched->group.readings < 2)
		return;
	row->entitled = stats_sum(row->entitled, share_node_entitled(watched->node));
	row->deficit = stats_sum(row->deficit, share_node_deficit(watched->node));
}

static void sample_containers(struct stats_sampler *sampler)
{
	for (size_t i = 0; i < sampler->count; i++) {
		const struct watched *watched = sampler->items[i];
		struct stats_row *row;

		if (!watched->runs)
			continue;
		row = row_new(&sampler->sample);
		row->id = watched->id;
		row->tenant = watched->tenant;
		row_add_watched(row, watched, sampler->sample.interval);
	}
}

static struct stats_row *row_of_tenant(struct stats_sample *sample, const char *tenant)
{
	struct stats_row *row;

	for (size_t i = 0; i < sample->count; i++)
		if (tenant ? sample->rows[i].tenant && !strcmp(sample->rows[i].tenant, tenant)
			   : !sample->rows[i].tenant)
			return &sample->rows[i];
	row = row_new(sample);
	row->tenant = tenant;
	return row;
}

static int row_compare(const void *left, const void *right)
{
	const struct stats_row *a = left, *b = right;

	if (!a->tenant || !b->tenant)
		return !a->tenant - !b->tenant;
	return strcmp(a->tenant, b->tenant);
}

static void sample_tenants(struct stats_sampler *sampler)
{
	struct stats_sample *sample = &sampler->sample;

	for (size_t i = 0; i < sampler->count; i++) {
		const struct watched *watched = sampler->items[i];
		struct stats_row *row;

		if (!watched->runs)
			continue;
		row = row_of_tenant(sample, watched->tenant);
		if (watched->level) {
			stats_level_add(watched->level, row, &watched->group, watched->node,
				sample->interval);
			row->containers++;
		} else {
			row_add_watched(row, watched, sample->interval);
		}
	}
	if (sample->count)
		qsort(sample->rows, sample->count, sizeof(*sample->rows), row_compare);
}

int stats_sampler_take(struct stats_sampler *sampler, const struct stats_sample **taken)
{
	struct stats_sample *sample = &sampler->sample;
	uint64_t now;
	int r = sampler->request->ids ? 0 : sampler_find_changed(sampler);

	if (r < 0)
		return r;
	now = clock_monotonic();
	turns_begin(&sampler->turns, now, clock_process(), sampler->count);
	sample->interval = sampler->time ? (double)(now - sampler->time) / 1e9 : 0;
	sampler->time = now;
	sample->count = 0;
	clock_text(sample->time);
	host_read(&sampler->host, &sample->host);
	sampler_read(sampler);
	if (sampler->request->tenants)
		sample_tenants(sampler);
	else
		sample_containers(sampler);
	*taken = sample;
	return 0;
}
