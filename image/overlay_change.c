/* SPDX-License-Identifier: Apache-2.0 */
#include "image/overlay_change.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "image/folder_tar.h"

#define MOUNTINFO_BYTES ((size_t)16 << 20)

/* ---- the mount ----------------------------------------------------------------------------- */

/* "\040" and "\134" as mountinfo writes them; in the text itself. */
static void decode(char *text)
{
	char *to = text;

	for (const char *from = text; *from; from++) {
		if (from[0] == '\\' && strspn(from + 1, "01234567") >= 3) {
			*to++ = (char)((from[1] - '0') << 6 | (from[2] - '0') << 3 |
				       (from[3] - '0'));
			from += 3;
		} else {
			*to++ = *from;
		}
	}
	*to = '\0';
}

/* Podman's lower folders are relative to the folder that has all its overlays. */
static const char *lower_path(struct arena *arena, const char *upper, const char *lower)
{
	const char *end = strrchr(upper, '/');

	if (*lower == '/' || !end)
		return lower;
	end = memrchr(upper, '/', (size_t)(end - upper));
	return arena_format(arena, "%.*s/%s", (int)(end ? end - upper : 0), upper, lower);
}

static void read_options(struct arena *arena, char *options, struct overlay *overlay)
{
	char *save = NULL, *lowers = NULL;

	*overlay = (struct overlay){ 0 };
	for (char *word = strtok_r(options, ",", &save); word; word = strtok_r(NULL, ",", &save)) {
		decode(word);
		if (!strncmp(word, "upperdir=", 9))
			overlay->upper = arena_copy(arena, word + 9, strlen(word + 9));
		if (!strncmp(word, "lowerdir=", 9))
			lowers = arena_copy(arena, word + 9, strlen(word + 9));
		/* Linux 6.8 and newer may name each by itself. */
		if (!strncmp(word, "lowerdir+=", 10))
			string_list_add(arena, &overlay->lowers,
				arena_copy(arena, word + 10, strlen(word + 10)));
	}
	save = NULL;
	for (char *word = lowers && overlay->upper ? strtok_r(lowers, ":", &save) : NULL; word;
		word = strtok_r(NULL, ":", &save))
		string_list_add(arena, &overlay->lowers, lower_path(arena, overlay->upper, word));
}

int overlay_find(struct arena *arena, const char *path, struct overlay *overlay)
{
	_cleanup_buffer_ struct buffer info = { 0 };
	char *save = NULL;
	int r = file_read_at(AT_FDCWD, "/proc/self/mountinfo", &info, MOUNTINFO_BYTES);

	*overlay = (struct overlay){ 0 };
	if (r < 0 || !info.data)
		return error_errno(r, "/proc/self/mountinfo");
	for (char *line = strtok_r(info.data, "\n", &save); line;
		line = strtok_r(NULL, "\n", &save)) {
		int begin = 0, end = 0, options = 0;
		char *type = strstr(line, " - ");

		if (sscanf(line, "%*u %*u %*s %*s %n%*s%n", &begin, &end) < 0 || !end || !type)
			continue;
		line[end] = '\0';
		decode(line + begin);
		if (strcmp(line + begin, path) != 0)
			continue;
		*overlay = (struct overlay){ 0 };
		/* The last mount on a place is the one that is seen. */
		if (!strncmp(type, " - overlay ", 11) &&
			sscanf(type, " - %*s %*s %n", &options) >= 0 && options)
			read_options(arena, type + options, overlay);
	}
	return 0;
}

/* ---- its changes --------------------------------------------------------------------------- */

struct changes {
	struct arena *arena;
	const struct overlay *overlay;
	struct string_list *removed;
	int fd;
};

static int changes_put(void *context, const void *bytes, size_t length)
{
	const struct changes *changes = context;
	int r = file_write_all(changes->fd, bytes, length);

	return r < 0 ? error_errno(r, "write the changes of the root file system") : 0;
}

static void add_removed(const struct changes *changes, const char *path, const char *name)
{
	const char *whole = arena_format(changes->arena, "/%s%s", path, name);

	for (size_t i = 0; i < changes->removed->count; i++)
		if (!strcmp(changes->removed->items[i], whole))
			return;
	string_list_add(changes->arena, changes->removed, whole);
}

/* PATH, which ends in "/", hides all that the folders below have in it and it has not itself. */
static int add_hidden(const struct changes *changes, const char *path, const char *lower)
{
	_cleanup_free_ char *folder = string_format("%s/%s", lower, path);
	_cleanup_free_ char *upper = string_format("%s/%s", changes->overlay->upper, path);
	_cleanup_close_ int upper_fd = open(upper, O_PATH | O_DIRECTORY | O_CLOEXEC);
	DIR *entries = opendir(folder);
	struct dirent *entry;

	if (upper_fd < 0)
		return error_errno(errno, "%s", path);
	/* Not in that one. */
	if (!entries)
		return errno == ENOENT || errno == ENOTDIR ? 0 : error_errno(errno, "%s", folder);
	while ((entry = readdir(entries))) {
		struct stat st;

		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 &&
			fstatat(upper_fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			add_removed(changes, path, entry->d_name);
	}
	(void)closedir(entries);
	return 0;
}

static int changes_removed(void *context, const char *path, bool opaque)
{
	const struct changes *changes = context;
	int r = 0;

	if (!opaque)
		add_removed(changes, path, "");
	for (size_t i = 0; opaque && r >= 0 && i < changes->overlay->lowers.count; i++)
		r = add_hidden(changes, path, changes->overlay->lowers.items[i]);
	return r;
}

int overlay_changes(
	struct arena *arena, const struct overlay *overlay, int fd, struct string_list *removed)
{
	struct changes changes = { arena, overlay, removed, fd };
	const struct folder_tar wanted = { .path = overlay->upper,
		.plain = true,
		.removed = changes_removed,
		.put = changes_put,
		.context = &changes };

	return folder_tar_write(&wanted);
}
