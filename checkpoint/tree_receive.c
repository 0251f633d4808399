/* SPDX-License-Identifier: Apache-2.0 */
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/path.h"
#include "checkpoint/tree_transfer.h"
#include "checkpoint/tree_walk.h"

#define WANT_MOST   16384 /* numbers in a frame */
#define SECOND	    1000000000LL
#define NEW_CONTENT ".hull-receive"

struct arrival {
	struct transport *transport;
	int root_fd;
	struct tree_list list;
	bool *wanted;
	int folder_fd;	       /* that of the last entry */
	char folder[PATH_MAX]; /* its path */
};

static int refuse_entries(void)
{
	return error_set(EBADMSG, "the other side's list of files is damaged");
}

static int entry_failed(int error, const struct tree_entry *entry)
{
	return error_errno(error, "root file system: /%s", entry->path);
}

/* The folder of PATH, beneath the root and through no link; NAME is the last part of PATH. */
static int folder_of(struct arrival *arrival, const char *path, const char **name)
{
	const char *slash = strrchr(path, '/');
	size_t length = slash ? (size_t)(slash - path) : 0;
	int fd;

	*name = !*path ? "." : slash ? slash + 1 : path;
	if (arrival->folder_fd >= 0 && strlen(arrival->folder) == length &&
		!memcmp(arrival->folder, path, length))
		return arrival->folder_fd;
	file_close(&arrival->folder_fd);
	memcpy(arrival->folder, path, length);
	arrival->folder[length] = '\0';
	fd = path_open_in_root_no_links(arrival->root_fd, length ? arrival->folder : ".",
		O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
	return arrival->folder_fd = fd;
}

static int remove_name(struct arrival *arrival, int folder_fd, const char *name)
{
	int r = 0;

	if (unlinkat(folder_fd, name, 0) < 0)
		r = errno == EISDIR   ? file_remove_tree_at(folder_fd, name)
		    : errno == ENOENT ? 0
				      : -errno;
	/* The folder that was looked at last may be gone with it. */
	file_close(&arrival->folder_fd);
	return r;
}

/* ---- owner, mode, times ---------------------------------------------------------------------- */

static int dress_attributes(int folder_fd, const char *name, const struct tree_entry *entry)
{
	char path[NAME_MAX + 40];
	struct tree_attribute attribute;
	size_t place = 0;

	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d/%s", folder_fd, name);
	while (tree_attribute_next(entry, &place, &attribute))
		if (lsetxattr(path, attribute.name, attribute.value, attribute.length, 0) < 0 &&
			errno != ENOTSUP)
			return -errno;
	return 0;
}

static int dress(int folder_fd, const char *name, const struct tree_entry *entry)
{
	struct timespec times[2] = { { .tv_nsec = UTIME_OMIT } };
	int r;

	times[1].tv_sec = entry->modified / SECOND;
	times[1].tv_nsec = entry->modified % SECOND;
	if (times[1].tv_nsec < 0) {
		times[1].tv_nsec += SECOND;
		times[1].tv_sec--;
	}
	if (fchownat(folder_fd, name, entry->uid, entry->gid, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	/* After the owner, whose change takes bits away; and before the times. */
	if (entry->kind != TREE_SYMLINK && fchmodat(folder_fd, name, entry->mode & 07777, 0) < 0)
		return -errno;
	r = dress_attributes(folder_fd, name, entry);
	if (r >= 0 && utimensat(folder_fd, name, times, AT_SYMLINK_NOFOLLOW) < 0)
		r = -errno;
	return r;
}

/* ---- entries --------------------------------------------------------------------------------- */

static bool file_is_there(const struct tree_entry *entry, const struct stat *st)
{
	int64_t modified = (int64_t)st->st_mtim.tv_sec * SECOND + st->st_mtim.tv_nsec;

	return !entry->changed && (uint64_t)st->st_size == entry->size &&
	       modified == entry->modified &&
	       /* Another name of it may be meant to be otherwise. */
	       (st->st_nlink == 1 || (st->st_mode == entry->mode && st->st_uid == entry->uid &&
					     st->st_gid == entry->gid));
}

static bool link_is_there(int folder_fd, const char *name, const struct tree_entry *entry)
{
	char target[PATH_MAX];
	ssize_t n = readlinkat(folder_fd, name, target, sizeof(target));

	return n == (ssize_t)strlen(entry->target) && !memcmp(target, entry->target, (size_t)n);
}

static bool entry_is_there(
	int folder_fd, const char *name, const struct tree_entry *entry, const struct stat *st)
{
	if ((st->st_mode & S_IFMT) != (entry->mode & S_IFMT))
		return false;
	switch (entry->kind) {
	case TREE_FILE:
		return file_is_there(entry, st);
	case TREE_SYMLINK:
		return link_is_there(folder_fd, name, entry);
	case TREE_NODE:
		return st->st_rdev == entry->device;
	default:
		return true;
	}
}

static int make_entry(int folder_fd, const char *name, const struct tree_entry *entry)
{
	int r = 0;

	if (entry->kind == TREE_FOLDER)
		r = mkdirat(folder_fd, name, 0700);
	else if (entry->kind == TREE_SYMLINK)
		r = symlinkat(entry->target, folder_fd, name);
	else
		r = mknodat(folder_fd, name, (entry->mode & S_IFMT) | 0600, entry->device);
	return r < 0 ? -errno : 0;
}

/* All but the contents of files, and further names of them. */
static int take_entry(struct arrival *arrival, size_t number)
{
	const struct tree_entry *entry = &arrival->list.items[number];
	const char *name;
	int fd = folder_of(arrival, entry->path, &name), r = 0;
	struct stat st;
	bool there;

	if (fd < 0)
		return entry->kind == TREE_GONE && fd == -ENOENT ? 0 : fd;
	if (entry->kind == TREE_GONE)
		return remove_name(arrival, fd, name);
	if (entry->kind == TREE_LINK)
		return 0;
	there = fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
	if (there && !entry_is_there(fd, name, entry, &st)) {
		/* A file is replaced when the new one is whole. */
		if (entry->kind != TREE_FILE || !S_ISREG(st.st_mode))
			r = remove_name(arrival, fd, name);
		there = false;
	}
	if (entry->kind == TREE_FILE && !there) {
		arrival->wanted[number] = true;
		return r;
	}
	fd = folder_of(arrival, entry->path, &name);
	if (r >= 0 && !there)
		r = make_entry(fd, name, entry);
	return r < 0 ? r : dress(fd, name, entry);
}

static int remove_others(struct arrival *arrival)
{
	_cleanup_tree_list_ struct tree_list own = { 0 };
	const struct tree_list *list = &arrival->list;
	size_t at = 0;
	int r = tree_walk(arrival->root_fd, &own);

	for (size_t i = 0; r >= 0 && i < own.count; i++) {
		const char *path = own.items[i].path, *name;
		int fd, order = -1;

		while (at < list->count && (order = tree_compare(list->items[at].path, path)) < 0)
			at++;
		if (at < list->count && order == 0)
			continue;
		fd = folder_of(arrival, path, &name);
		/* Gone with its folder. */
		if (fd < 0)
			continue;
		r = remove_name(arrival, fd, name);
		if (r < 0)
			return entry_failed(r, &own.items[i]);
	}
	return r;
}

static int take_entries(struct arrival *arrival, bool whole)
{
	const struct tree_list *list = &arrival->list;
	int r = 0;

	for (size_t i = 1; whole && i < list->count; i++)
		if (tree_compare(list->items[i - 1].path, list->items[i].path) >= 0)
			return refuse_entries();
	arrival->wanted = memory_allocate_zero(list->count + 1);
	if (whole)
		r = remove_others(arrival);
	for (size_t i = 0; r >= 0 && i < list->count; i++) {
		r = take_entry(arrival, i);
		if (r < 0)
			return entry_failed(r, &list->items[i]);
	}
	return r;
}

static int say_wanted(struct arrival *arrival)
{
	_cleanup_buffer_ struct buffer numbers = { 0 };
	int r = 0;

	for (size_t i = 0; r >= 0 && i < arrival->list.count; i++) {
		uint32_t number = htole32((uint32_t)i);

		if (arrival->wanted[i])
			buffer_bytes(&numbers, &number, sizeof(number));
		if (numbers.length < WANT_MOST * sizeof(number))
			continue;
		r = transport_put(arrival->transport, FRAME_WANT, numbers.data, numbers.length);
		numbers.length = 0;
	}
	if (r >= 0 && numbers.length)
		r = transport_put(arrival->transport, FRAME_WANT, numbers.data, numbers.length);
	return r < 0 ? r : transport_put(arrival->transport, FRAME_WANT_END, NULL, 0);
}

/* ---- contents -------------------------------------------------------------------------------- */

int content_receive(struct transport *transport, int out_fd)
{
	struct frame frame;
	int r;

	for (;;) {
		r = transport_next(transport, &frame);
		if (r < 0 || frame.type == FRAME_CONTENT_END)
			return r;
		if (frame.type != FRAME_DATA)
			return frame_unexpected(&frame);
		r = file_write_all(out_fd, frame.bytes, frame.length);
		if (r < 0)
			return error_errno(r, "cannot write what comes");
	}
}

/* Under another name, so that whoever has the old one open or linked keeps that. */
static int take_content(struct arrival *arrival, const struct frame *frame)
{
	const struct tree_entry *entry;
	_cleanup_close_ int fd = -EBADF;
	const char *name;
	uint32_t number;
	int folder_fd, r;

	if (frame->length != sizeof(number))
		return refuse_entries();
	memcpy(&number, frame->bytes, sizeof(number));
	number = le32toh(number);
	if (number >= arrival->list.count || (arrival->list.items[number].kind != TREE_FILE))
		return refuse_entries();
	entry = &arrival->list.items[number];
	folder_fd = folder_of(arrival, entry->path, &name);
	if (folder_fd < 0)
		return entry_failed(folder_fd, entry);
	(void)unlinkat(folder_fd, NEW_CONTENT, 0);
	fd = openat(
		folder_fd, NEW_CONTENT, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return entry_failed(errno, entry);
	r = content_receive(arrival->transport, fd);
	if (r >= 0) {
		r = dress(folder_fd, NEW_CONTENT, entry);
		if (r >= 0 && renameat(folder_fd, NEW_CONTENT, folder_fd, name) < 0)
			r = -errno;
		if (r < 0)
			r = entry_failed(r, entry);
	}
	if (r < 0)
		(void)unlinkat(folder_fd, NEW_CONTENT, 0);
	return r;
}

/* ---- the end --------------------------------------------------------------------------------- */

static int make_link(struct arrival *arrival, const struct tree_entry *entry)
{
	_cleanup_close_ int target_fd =
		path_open_in_root_no_links(arrival->root_fd, entry->target, O_PATH | O_NOFOLLOW);
	struct stat target, st;
	char place[40];
	const char *name;
	int fd, r;

	/* It has vanished while it was looked for: the next round knows. */
	if (target_fd == -ENOENT)
		return 0;
	fd = folder_of(arrival, entry->path, &name);
	if (target_fd < 0 || fd < 0)
		return target_fd < 0 ? target_fd : fd;
	if (fstat(target_fd, &target) < 0)
		return -errno;
	if (fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0) {
		if (st.st_ino == target.st_ino && st.st_dev == target.st_dev)
			return 0;
		r = remove_name(arrival, fd, name);
		fd = r < 0 ? r : folder_of(arrival, entry->path, &name);
		if (fd < 0)
			return fd;
	}
	(void)snprintf(place, sizeof(place), "/proc/self/fd/%d", target_fd);
	return linkat(AT_FDCWD, place, fd, name, AT_SYMLINK_FOLLOW) < 0 ? -errno : 0;
}

/* Further names; and folders last, because what was made in them has changed their times. */
static int finish_entries(struct arrival *arrival)
{
	const struct tree_list *list = &arrival->list;
	int r = 0;

	for (size_t i = 0; i < list->count; i++) {
		if (list->items[i].kind == TREE_LINK)
			r = make_link(arrival, &list->items[i]);
		if (r < 0)
			return entry_failed(r, &list->items[i]);
	}
	for (size_t i = list->count; i > 0; i--) {
		const struct tree_entry *entry = &list->items[i - 1];
		const char *name;
		int fd;

		if (entry->kind != TREE_FOLDER)
			continue;
		fd = folder_of(arrival, entry->path, &name);
		r = fd < 0 ? fd : dress(fd, name, entry);
		if (r < 0)
			return entry_failed(r, entry);
	}
	return r;
}

static int arrive(struct arrival *arrival, const struct frame *first)
{
	struct frame frame = *first;
	int r = 0;

	while (r >= 0 && frame.type == FRAME_ENTRIES) {
		if (tree_entries_read(&arrival->list, frame.bytes, frame.length) < 0)
			return refuse_entries();
		r = transport_next(arrival->transport, &frame);
	}
	if (r < 0)
		return r;
	if (frame.type != FRAME_ENTRIES_END || frame.length != 1)
		return frame_unexpected(&frame);
	r = take_entries(arrival, frame.bytes[0]);
	if (r >= 0)
		r = say_wanted(arrival);
	while (r >= 0) {
		r = transport_next(arrival->transport, &frame);
		if (r < 0 || frame.type == FRAME_TREE_END)
			break;
		r = frame.type == FRAME_CONTENT ? take_content(arrival, &frame)
						: frame_unexpected(&frame);
	}
	if (r >= 0)
		r = finish_entries(arrival);
	return r < 0 ? r : transport_put(arrival->transport, FRAME_OK, NULL, 0);
}

int tree_receive(struct transport *transport, int root_fd, const struct frame *first)
{
	struct arrival arrival = {
		.transport = transport, .root_fd = root_fd, .folder_fd = -EBADF
	};
	int r = arrive(&arrival, first);

	file_close(&arrival.folder_fd);
	tree_list_free(&arrival.list);
	memory_free_pointer((void *)&arrival.wanted);
	return r;
}
