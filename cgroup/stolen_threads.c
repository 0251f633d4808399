/* SPDX-License-Identifier: Apache-2.0 */
#include "cgroup/stolen_threads.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "cgroup/stolen.h"
#include "cgroup/walk.h"

#define TEXT_BYTES_MOST ((size_t)STOLEN_THREADS_MOST * 12)
#define SCHEDSTAT_BYTES 96

struct stolen_thread {
	pid_t id;
	int fd;		/* of its schedstat, or -EBADF */
	uint64_t delay; /* at the last reading */
};

uint64_t stolen_parse_delay(const char *text)
{
	const char *second = strchr(text, ' ');

	return second ? strtoull(second + 1, NULL, 10) : 0;
}

int stolen_threads_open(struct stolen_threads *threads, struct cgroup_place *place)
{
	int r = place_open(place);

	if (r < 0)
		return r;
	threads->place = place;
	kept_file_set(&threads->list, place->path, place->unified ? "cgroup.threads" : "tasks");
	return 0;
}

static void thread_close(struct stolen_thread *thread, struct kept_files *kept)
{
	if (thread->fd >= 0)
		kept->left++;
	file_close(&thread->fd);
}

void stolen_threads_free(struct stolen_threads *threads, struct kept_files *kept)
{
	for (size_t i = 0; i < threads->count; i++)
		thread_close(&threads->items[i], kept);
	free(threads->items);
	buffer_free(&threads->text);
	kept_file_free(&threads->list, kept);
}

/* The delay of one that waits is counted when it runs again. False when it has ended. */
static bool thread_read(
	struct stolen_thread *thread, struct kept_files *kept, int proc_fd, uint64_t *wait)
{
	char path[32], text[SCHEDSTAT_BYTES];
	struct kept_file file = { .fd = thread->fd, .path = path };
	uint64_t delay;
	ssize_t n;

	(void)snprintf(path, sizeof(path), "%d/schedstat", thread->id);
	n = kept_file_read(&file, kept, proc_fd, text, sizeof(text));
	thread->fd = file.fd;
	if (n < 0)
		return false;
	delay = stolen_parse_delay(text);
	/* Less than before is of another thread with the same id. */
	*wait += delay >= thread->delay ? delay - thread->delay : delay;
	thread->delay = delay;
	return true;
}

static int folder_ids(int folder_fd, const char *name, void *argument)
{
	char path[300];

	(void)snprintf(path, sizeof(path), "%s/cgroup.threads", name);
	if (faccessat(folder_fd, path, F_OK, 0) < 0)
		(void)snprintf(path, sizeof(path), "%s/tasks", name);
	/* One that is gone meanwhile has no threads. */
	if (file_read_at(folder_fd, path, argument, TEXT_BYTES_MOST) == -EFBIG)
		return -EFBIG;
	return 0;
}

/* A descriptor of v1's `tasks` that is kept would tell the list of a second ago. */
static int threads_ids(struct stolen_threads *threads, struct kept_files *kept, struct buffer *ids)
{
	const struct cgroup_place *place = threads->place;
	struct kept_files none = { 0 };
	char text[4096];
	struct stat group;
	ssize_t n = kept_file_read(
		&threads->list, place->unified ? kept : &none, place->mount_fd, text, sizeof(text));
	int r = 0;

	if (n < 0)
		return (int)n;
	/* A page may lack the last line of a full one. */
	if (n < (ssize_t)sizeof(text) - 64)
		buffer_bytes(ids, text, (size_t)n);
	else
		r = file_read_at(place->mount_fd, threads->list.path, ids, TEXT_BYTES_MOST);
	/* The links of a folder of cgroupfs count the groups below. */
	if (r >= 0 && fstat(place->group_fd, &group) == 0 && group.st_nlink > 2)
		r = walk_groups(place->group_fd, folder_ids, ids);
	return r == -EFBIG ? -E2BIG : r;
}

static int thread_compare(const void *left, const void *right)
{
	const struct stolen_thread *a = left, *b = right;

	return (a->id > b->id) - (a->id < b->id);
}

/* The new list, with what is known of those that were in the old one. */
static int threads_renew(
	struct stolen_threads *threads, struct kept_files *kept, const struct buffer *ids)
{
	struct stolen_thread *items = NULL;
	size_t count = 0, old = 0;

	for (char *at = ids->data, *end; at && *at; at = end + strspn(end, "\n")) {
		long id = strtol(at, &end, 10);

		if (end == at)
			break;
		if (count == STOLEN_THREADS_MOST) {
			free(items);
			return -E2BIG;
		}
		items = memory_resize(items, (count + 1) * sizeof(*items));
		if (id > 0) /* of a pid namespace that we can see */
			items[count++] = (struct stolen_thread){ .id = (pid_t)id, .fd = -EBADF };
	}
	if (count)
		qsort(items, count, sizeof(*items), thread_compare);
	for (size_t i = 0; i < count; i++) {
		while (old < threads->count && threads->items[old].id < items[i].id)
			thread_close(&threads->items[old++], kept);
		if (old < threads->count && threads->items[old].id == items[i].id)
			items[i] = threads->items[old++];
	}
	while (old < threads->count)
		thread_close(&threads->items[old++], kept);
	free(threads->items);
	threads->items = items;
	threads->count = count;
	return 0;
}

int stolen_threads_read(
	struct stolen_threads *threads, struct kept_files *kept, int proc_fd, uint64_t *wait)
{
	_cleanup_buffer_ struct buffer ids = { 0 };
	int r = threads_ids(threads, kept, &ids);

	if (r < 0)
		return r;
	if (ids.length != threads->text.length ||
		(ids.length && memcmp(ids.data, threads->text.data, ids.length) != 0)) {
		r = threads_renew(threads, kept, &ids);
		if (r < 0)
			return r;
		buffer_free(&threads->text);
		threads->text = ids;
		ids = (struct buffer){ 0 };
	}
	for (size_t i = 0; i < threads->count; i++)
		(void)thread_read(&threads->items[i], kept, proc_fd, wait);
	return 0;
}
