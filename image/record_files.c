/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "image/record.h"

struct search {
	struct arena *arena;
	struct record_files *files;
	size_t size;
};

static struct record_file *add_file(struct search *search)
{
	struct record_files *files = search->files;
	struct record_file *items;

	if (files->count == search->size) {
		search->size = search->size ? search->size * 2 : 16;
		items = arena_allocate(search->arena, search->size * sizeof(*items));
		if (files->count)
			memcpy(items, files->items, files->count * sizeof(*items));
		files->items = items;
	}
	return &files->items[files->count++];
}

static int take_file(struct search *search, int fd, const char *path, const char *place)
{
	struct record_file *file = add_file(search);
	struct stat st;
	int r = fstat(fd, &st) < 0 ? -errno : digest_of_file(fd, &file->digest);

	if (r < 0)
		return error_errno(r, "result %s", place);
	file->path = path;
	file->place = place;
	file->size = (uint64_t)st.st_size;
	return 0;
}

static int search_folder(struct search *search, int fd, const char *path, const char *place);

static int take_entry(
	struct search *search, int folder_fd, const char *name, const char *path, const char *place)
{
	const char *own_path = arena_format(search->arena, "%s/%s", path, name);
	const char *own_place = arena_format(search->arena, "%s/%s", place, name);
	int fd = openat(folder_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat st;
	int r;

	if (fd < 0)
		return errno == ELOOP || errno == ENXIO
			       ? 0
			       : error_errno(errno, "result %s", own_place);
	if (fstat(fd, &st) == 0 && S_ISDIR(st.st_mode))
		return search_folder(search, fd, own_path, own_place);
	r = S_ISREG(st.st_mode) ? take_file(search, fd, own_path, own_place) : 0;
	(void)close(fd);
	return r;
}

/* Takes the descriptor. */
static int search_folder(struct search *search, int fd, const char *path, const char *place)
{
	DIR *folder = fdopendir(fd);
	struct dirent *entry;
	int r = 0;

	if (!folder) {
		(void)close(fd);
		return error_errno(errno, "results in %s", place);
	}
	while (r >= 0 && (entry = readdir(folder)))
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			r = take_entry(search, dirfd(folder), entry->d_name, path, place);
	(void)closedir(folder);
	return r;
}

static int compare_paths(const void *a, const void *b)
{
	const struct record_file *left = a, *right = b;

	return strcmp(left->path, right->path);
}

int record_find_outputs(struct arena *arena, const struct shape *shape, struct record_files *files)
{
	struct search search = { arena, files, 0 };
	int r = 0;

	*files = (struct record_files){ 0 };
	for (size_t i = 0; i < shape->binds.count && r >= 0; i++) {
		const struct shape_bind *bind = &shape->binds.items[i];
		int fd;

		if (!bind->output)
			continue;
		fd = open(bind->source, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		r = fd < 0 ? error_errno(errno, "results in %s", bind->source)
			   : search_folder(&search, fd, bind->destination, bind->source);
	}
	if (files->count)
		qsort(files->items, files->count, sizeof(*files->items), compare_paths);
	return r;
}
