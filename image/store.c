/* SPDX-License-Identifier: Apache-2.0 */
#include "image/store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/process.h"
#include "image/draft.h"
#include "image/store_folder.h"

#define VERSION_TEXT "hull-image-store 1\n"

struct store {
	char *path;
	int fd;
	int folders[STORE_FOLDERS];
	pthread_mutex_t mutex; /* of what follows */
	int *held;
	size_t held_count;
};

static const char *const folder_names[STORE_FOLDERS] = {
	[STORE_BLOBS] = "blobs",
	[STORE_LAYERS] = "layers",
	[STORE_DIFFS] = "diffs",
	[STORE_PARTIAL] = "partial",
	[STORE_INDEXES] = "indexes",
	[STORE_TREES] = "trees",
	[STORE_NAMES] = "names",
};

char *store_default_path(void)
{
	const char *folder = getenv("HULL_STORE");

	if (folder && *folder)
		return string_copy(folder);
	if (!process_is_rootless())
		return string_copy("/var/lib/hull/images");
	folder = getenv("XDG_DATA_HOME");
	if (folder && *folder)
		return string_format("%s/hull/images", folder);
	folder = getenv("HOME");
	return folder && *folder ? string_format("%s/.local/share/hull/images", folder) : NULL;
}

static int make_folders(const char *path)
{
	_cleanup_free_ char *folder = string_copy(path);

	for (char *slash = folder; *slash && (slash = strchr(slash + 1, '/'));) {
		*slash = '\0';
		(void)mkdir(folder, 0755);
		*slash = '/';
	}
	return mkdir(folder, 0700) < 0 && errno != EEXIST ? -errno : 0;
}

/* Written last, so a store that has it has its folders. */
static int check_version(struct store *store)
{
	_cleanup_buffer_ struct buffer version = { 0 };
	int r = file_read_at(store->fd, "version", &version, 4096);

	if (r == -ENOENT)
		return draft_write(
			store, store->fd, "version", false, VERSION_TEXT, strlen(VERSION_TEXT));
	if (r < 0)
		return error_errno(r, "image store %s: version", store->path);
	if (strcmp(version.data ? version.data : "", VERSION_TEXT) != 0)
		return error_set(EPROTO,
			"image store %s: made by another version of hull (%.*s); "
			"choose another folder with --store",
			store->path, (int)strcspn(version.data ? version.data : "", "\n"),
			version.data ? version.data : "");
	return 0;
}

static int open_folders(struct store *store)
{
	for (int i = 0; i < STORE_FOLDERS; i++) {
		if (mkdirat(store->fd, folder_names[i], 0700) < 0 && errno != EEXIST)
			return error_errno(
				errno, "cannot make %s/%s", store->path, folder_names[i]);
		store->folders[i] = openat(store->fd, folder_names[i],
			O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (store->folders[i] < 0)
			return error_errno(
				errno, "image store %s/%s", store->path, folder_names[i]);
	}
	return 0;
}

int store_open(const char *path, struct store **opened)
{
	_cleanup_store_ struct store *store = memory_allocate_zero(sizeof(*store));
	int r;

	store->fd = -EBADF;
	for (int i = 0; i < STORE_FOLDERS; i++)
		store->folders[i] = -EBADF;
	(void)pthread_mutex_init(&store->mutex, NULL);
	store->path = path ? string_copy(path) : store_default_path();
	if (!store->path || !*store->path)
		return error_set(EINVAL, "no folder for images: give --store or set HOME");
	store->fd = open(store->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (store->fd < 0 && errno == ENOENT) {
		r = make_folders(store->path);
		if (r < 0)
			return error_errno(r, "cannot make the image store %s", store->path);
		store->fd = open(store->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	}
	if (store->fd < 0)
		return error_errno(errno, "image store %s", store->path);
	r = open_folders(store);
	if (r >= 0)
		r = check_version(store);
	if (r < 0)
		return r;
	*opened = TAKE_PTR(store);
	return 0;
}

void store_close(struct store *store)
{
	if (!store)
		return;
	for (size_t i = 0; i < store->held_count; i++)
		(void)close(store->held[i]);
	for (int i = 0; i < STORE_FOLDERS; i++)
		file_close(&store->folders[i]);
	file_close(&store->fd);
	(void)pthread_mutex_destroy(&store->mutex);
	free(store->held);
	free(store->path);
	free(store);
}

void store_close_pointer(struct store **store)
{
	store_close(*store);
}

const char *store_path(const struct store *store)
{
	return store->path;
}

int store_fd(const struct store *store)
{
	return store->fd;
}

int store_folder(const struct store *store, enum store_folder folder)
{
	return store->folders[folder];
}

const char *store_folder_name(enum store_folder folder)
{
	return folder_names[folder];
}

void store_hold(struct store *store, int fd)
{
	(void)pthread_mutex_lock(&store->mutex);
	store->held = memory_resize(store->held, (store->held_count + 1) * sizeof(*store->held));
	store->held[store->held_count++] = fd;
	(void)pthread_mutex_unlock(&store->mutex);
}

const char *store_file_name(
	const struct digest *digest, const char *ending, char name[STORE_NAME_BYTES])
{
	(void)snprintf(name, STORE_NAME_BYTES, "%s%s", digest->hex, ending);
	return name;
}

bool store_file_digest(const char *name, const char *ending, struct digest *digest)
{
	if (strlen(name) != DIGEST_HEX + strlen(ending) || strcmp(name + DIGEST_HEX, ending) != 0 ||
		strspn(name, "0123456789abcdef") < DIGEST_HEX)
		return false;
	memcpy(digest->hex, name, DIGEST_HEX);
	digest->hex[DIGEST_HEX] = '\0';
	return true;
}

static int is_entry(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

int store_each(struct store *store, enum store_folder folder,
	int (*visit)(void *context, const char *name), void *context)
{
	struct dirent **entries = NULL;
	int count = scandirat(store->folders[folder], ".", &entries, is_entry, alphasort), r = 0;

	if (count < 0)
		return error_errno(errno, "image store %s/%s", store->path, folder_names[folder]);
	for (int i = 0; i < count; i++) {
		if (r >= 0)
			r = visit(context, entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
	return r < 0 ? r : 0;
}

int store_open_locked(
	struct store *store, enum store_folder folder, const char *name, int flags, int operation)
{
	for (;;) {
		_cleanup_close_ int fd = openat(store->folders[folder], name,
			flags | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY, 0600);
		struct stat st, named;

		if (fd < 0)
			return -errno;
		while (flock(fd, operation) < 0)
			if (errno != EINTR)
				return -errno;
		/* Whoever had the lock may have put another file in its place, or taken it away. */
		if (fstat(fd, &st) == 0 &&
			fstatat(store->folders[folder], name, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
			st.st_ino == named.st_ino && st.st_dev == named.st_dev)
			return TAKE_FD(fd);
	}
}

int store_sync_folder(struct store *store, enum store_folder folder)
{
	return fsync(store->folders[folder]) < 0
		       ? error_errno(errno, "cannot sync %s/%s", store->path, folder_names[folder])
		       : 0;
}
