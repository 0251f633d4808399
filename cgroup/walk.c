/* SPDX-License-Identifier: Apache-2.0 */
#include "cgroup/walk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"

#define GROUPS_MOST 1000000 /* of a container that makes them faster than we look */

/* A group that we are below of: where its folder is to be read on, and which entry we went into. */
struct level {
	long position;
	char *name;
};

struct walk {
	DIR *folder;
	struct level *levels;
	size_t depth, groups;
};

/* Become the group called NAME: "." to begin, ".." to go back. */
static int walk_enter(struct walk *walk, int folder_fd, const char *name)
{
	_cleanup_close_ int fd =
		openat(folder_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *folder = fd < 0 ? NULL : fdopendir(fd);

	if (!folder)
		return -errno;
	(void)TAKE_FD(fd);
	if (walk->folder)
		(void)closedir(walk->folder);
	walk->folder = folder;
	return 0;
}

static int walk_down(struct walk *walk, const char *name)
{
	const struct level level = { telldir(walk->folder), string_copy(name) };

	/* Gone meanwhile: then there is nothing below it. */
	if (walk_enter(walk, dirfd(walk->folder), name) < 0) {
		free(level.name);
		return 0;
	}
	walk->levels = memory_resize(walk->levels, (walk->depth + 1) * sizeof(*walk->levels));
	walk->levels[walk->depth++] = level;
	return ++walk->groups > GROUPS_MOST ? -E2BIG : 0;
}

/* A group never moves to another parent: ".." is where we came from. */
static int walk_up(struct walk *walk, walk_visit *visit, void *argument)
{
	struct level *level = &walk->levels[--walk->depth];
	_cleanup_free_ char *name = level->name;
	int r = walk_enter(walk, dirfd(walk->folder), "..");

	if (r < 0)
		return r;
	seekdir(walk->folder, level->position);
	return visit(dirfd(walk->folder), name, argument);
}

static bool is_group(const struct dirent *entry)
{
	return entry->d_type == DT_DIR && strcmp(entry->d_name, ".") != 0 &&
	       strcmp(entry->d_name, "..") != 0;
}

int walk_groups(int folder_fd, walk_visit *visit, void *argument)
{
	struct walk walk = { 0 };
	int r = walk_enter(&walk, folder_fd, ".");

	while (r >= 0) {
		const struct dirent *entry = readdir(walk.folder);

		if (entry && is_group(entry))
			r = walk_down(&walk, entry->d_name);
		else if (!entry && walk.depth)
			r = walk_up(&walk, visit, argument);
		else if (!entry)
			break;
	}
	while (walk.depth)
		free(walk.levels[--walk.depth].name);
	free(walk.levels);
	if (walk.folder)
		(void)closedir(walk.folder);
	return r < 0 ? r : 0;
}
