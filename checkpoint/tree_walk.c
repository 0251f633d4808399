/* SPDX-License-Identifier: Apache-2.0 */
#include "checkpoint/tree_walk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/path.h"

#define NAMES_BYTES 65536
#define VALUE_BYTES 65536
#define SECOND	    1000000000LL
/* The coarsest clock of file systems that containers lie on. */
#define TICK 2000000000LL

struct walk {
	int root_fd;
	dev_t device;
	struct tree_list *list;
	size_t *links; /* by inode: 1 + the place of the first name; a power of two */
	size_t links_room, links_count;
};

/* ---- further names of one file --------------------------------------------------------------- */

static size_t *links_place(const struct walk *walk, ino_t inode)
{
	size_t at = (size_t)inode * 0x9E3779B97F4A7C15u >> 20;

	while (walk->links[at & (walk->links_room - 1)] &&
		walk->list->items[walk->links[at & (walk->links_room - 1)] - 1].inode != inode)
		at++;
	return &walk->links[at & (walk->links_room - 1)];
}

static void links_grow(struct walk *walk)
{
	_cleanup_free_ size_t *old = NULL;
	size_t room = walk->links_room;

	if (walk->links_count * 2 < room)
		return;
	old = walk->links;
	walk->links_room = room ? room * 2 : 1024;
	walk->links = memory_allocate_zero(walk->links_room * sizeof(*walk->links));
	for (size_t i = 0; i < room; i++)
		if (old[i])
			*links_place(walk, walk->list->items[old[i] - 1].inode) = old[i];
}

/* The file has several names: all but the first refer to that. */
static void link_to_first(struct walk *walk, struct tree_entry *entry)
{
	size_t *place;

	links_grow(walk);
	place = links_place(walk, entry->inode);
	if (*place) {
		entry->kind = TREE_LINK;
		entry->target = walk->list->items[*place - 1].path;
	} else {
		*place = walk->list->count;
		walk->links_count++;
	}
}

/* ---- one file -------------------------------------------------------------------------------- */

static int read_attributes(struct walk *walk, struct tree_entry *entry, const char *path)
{
	_cleanup_buffer_ struct buffer all = { 0 };
	char names[NAMES_BYTES], value[VALUE_BYTES];
	ssize_t length = llistxattr(path, names, sizeof(names));

	if (length <= 0)
		return length < 0 && errno != ENOTSUP && errno != ENOENT ? -errno : 0;
	for (const char *name = names; name < names + length; name += strlen(name) + 1) {
		ssize_t n = lgetxattr(path, name, value, sizeof(value));
		uint32_t size = (uint32_t)n;

		if (n < 0)
			continue;
		buffer_bytes(&all, name, strlen(name) + 1);
		buffer_bytes(&all, &size, sizeof(size));
		if (n)
			buffer_bytes(&all, value, (size_t)n);
	}
	entry->attributes = (unsigned char *)arena_copy(
		&walk->list->arena, all.length ? all.data : "", all.length);
	entry->attributes_length = all.length;
	return 0;
}

static enum tree_kind kind_of(mode_t mode)
{
	return S_ISREG(mode)   ? TREE_FILE
	       : S_ISDIR(mode) ? TREE_FOLDER
	       : S_ISLNK(mode) ? TREE_SYMLINK
			       : TREE_NODE;
}

static int64_t nanoseconds(const struct timespec *time)
{
	return (int64_t)time->tv_sec * SECOND + time->tv_nsec;
}

static void fill_entry(struct tree_entry *entry, const struct stat *st)
{
	entry->kind = kind_of(st->st_mode);
	entry->mode = st->st_mode;
	entry->uid = st->st_uid;
	entry->gid = st->st_gid;
	entry->device = entry->kind == TREE_NODE ? st->st_rdev : 0;
	entry->size = entry->kind == TREE_FILE ? (uint64_t)st->st_size : 0;
	entry->modified = nanoseconds(&st->st_mtim);
	entry->status_changed = nanoseconds(&st->st_ctim);
	entry->inode = st->st_ino;
	entry->has_links = entry->kind != TREE_FOLDER && st->st_nlink > 1;
}

/* NAME of FOLDER_FD, or that itself ("."), is PATH of the tree. -ENOENT: it has vanished. */
static int add_entry(struct walk *walk, int folder_fd, const char *name, const char *path)
{
	struct tree_list *list = walk->list;
	char link[PATH_MAX], place[NAME_MAX + 40];
	struct tree_entry *entry;
	struct stat st;
	ssize_t n = 0;

	if (fstatat(folder_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	/* A mount of the host's is not the container's. */
	if (st.st_dev != walk->device)
		return -ENOENT;
	if (S_ISLNK(st.st_mode)) {
		n = readlinkat(folder_fd, name, link, sizeof(link) - 1);
		if (n < 0)
			return errno == EINVAL ? -ENOENT : -errno;
	}
	if (list->count >= TREE_ENTRIES_MOST)
		return -E2BIG;
	entry = tree_list_add(list);
	fill_entry(entry, &st);
	entry->path = arena_copy(&list->arena, path, strlen(path));
	entry->target = n > 0 ? arena_copy(&list->arena, link, (size_t)n) : "";
	if (entry->has_links)
		link_to_first(walk, entry);
	(void)snprintf(place, sizeof(place), "/proc/self/fd/%d/%s", folder_fd, name);
	return read_attributes(walk, entry, place);
}

/* ---- folders --------------------------------------------------------------------------------- */

struct names {
	char **items;
	size_t count;
};

static void names_free(struct names *names)
{
	for (size_t i = 0; i < names->count; i++)
		free(names->items[i]);
	free(names->items);
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int read_names(int fd, struct names *names)
{
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	DIR *folder = copy < 0 ? NULL : fdopendir(copy);
	struct dirent *entry;
	size_t room = 0;

	if (!folder) {
		file_close(&copy);
		return -errno;
	}
	while ((entry = readdir(folder))) {
		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		if (names->count == room) {
			room = room ? room * 2 : 64;
			names->items = memory_resize(names->items, room * sizeof(char *));
		}
		names->items[names->count++] = string_copy(entry->d_name);
	}
	(void)closedir(folder);
	if (names->count)
		qsort(names->items, names->count, sizeof(char *), compare_names);
	return 0;
}

/* By its path from the root and not from its parent: no depth of folders takes more descriptors. */
static int walk_folder(struct walk *walk, const char *path)
{
	_cleanup_close_ int fd = path_open_in_root_no_links(
		walk->root_fd, *path ? path : ".", O_RDONLY | O_DIRECTORY);
	struct names names = { 0 };
	int r = fd < 0 ? fd : read_names(fd, &names);

	for (size_t i = 0; r >= 0 && i < names.count; i++) {
		_cleanup_free_ char *below =
			string_format("%s%s%s", path, *path ? "/" : "", names.items[i]);

		if (!tree_path_is_clean(below, strlen(below))) {
			r = -ENAMETOOLONG;
			break;
		}
		r = add_entry(walk, fd, names.items[i], below);
		if (r >= 0 && walk->list->items[walk->list->count - 1].kind == TREE_FOLDER)
			r = walk_folder(walk, below);
		if (r == -ENOENT || r == -ENOTDIR || r == -ELOOP)
			r = 0;
	}
	names_free(&names);
	return r;
}

int tree_walk(int root_fd, struct tree_list *list)
{
	struct walk walk = { .root_fd = root_fd, .list = list };
	struct stat st;
	int r = fstat(root_fd, &st) < 0 ? -errno : 0;

	walk.device = st.st_dev;
	if (r >= 0)
		r = add_entry(&walk, root_fd, ".", "");
	if (r >= 0)
		r = walk_folder(&walk, "");
	free(walk.links);
	return r < 0 ? error_errno(r, "cannot read the root file system (%s)",
			       list->count ? list->items[list->count - 1].path : "/")
		     : 0;
}

/* ---- two walks ------------------------------------------------------------------------------- */

static bool is_same(const struct tree_entry *before, const struct tree_entry *now, int64_t since)
{
	if (before->kind != now->kind || before->inode != now->inode || before->mode != now->mode ||
		before->status_changed != now->status_changed || before->size != now->size ||
		before->modified != now->modified || strcmp(before->target, now->target) != 0)
		return false;
	/* A name of a file that is sent again is made anew with it. */
	return !(now->kind == TREE_FILE || now->kind == TREE_LINK) ||
	       now->status_changed < since - TICK;
}

/* The entry of LIST with this path, from AT on; AT is moved behind all that come before it. */
static const struct tree_entry *find_from(
	const struct tree_list *list, size_t *at, const char *path)
{
	int order = -1;

	while (*at < list->count && (order = tree_compare(list->items[*at].path, path)) < 0)
		++*at;
	return order == 0 ? &list->items[*at] : NULL;
}

void tree_changes(const struct tree_list *before, const struct tree_list *now, int64_t since,
	struct tree_list *changes)
{
	size_t at = 0;

	for (size_t i = 0; i < before->count; i++)
		if (!find_from(now, &at, before->items[i].path)) {
			struct tree_entry *gone = tree_list_add(changes);

			gone->kind = TREE_GONE;
			gone->path = before->items[i].path;
		}
	at = 0;
	for (size_t i = 0; i < now->count; i++) {
		const struct tree_entry *old = find_from(before, &at, now->items[i].path);
		struct tree_entry *changed;

		if (old && is_same(old, &now->items[i], since))
			continue;
		changed = tree_list_add(changes);
		*changed = now->items[i];
		changed->changed = true;
	}
}
