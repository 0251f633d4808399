/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "runtime/landing.h"

static bool read_link(int folder_fd, const char *name, char text[PATH_MAX])
{
	ssize_t n = readlinkat(folder_fd, name, text, PATH_MAX - 1);

	text[n > 0 ? n : 0] = '\0';
	return n > 0;
}

static bool is_ours(int records_fd, const char *key)
{
	_cleanup_free_ char *name = string_format("%s.owner", key);
	char owner[PATH_MAX];

	return read_link(records_fd, name, owner) && !strcmp(owner, LANDING_OURS);
}

/* CRIU has ended what its killed receiver waited for. */
static void remove_container(int root_fd, const char *id)
{
	_cleanup_container_ struct container container = CONTAINER_NONE;
	int r = container_open(&container, root_fd, id, CONTAINER_LOCKED);

	if (r >= 0 || container.record.damaged)
		r = lifecycle_destroy(&container);
	if (r < 0 && r != -ENOENT)
		log_warning("%s", error_text(r));
	error_clear();
}

static void remove_one(int root_fd, int records_fd, const char *key)
{
	_cleanup_close_ int fd =
		openat(records_fd, key, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	char text[PATH_MAX];

	/* Who has made it still works on it. */
	if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) < 0)
		return;
	if (!is_ours(records_fd, key)) {
		if (read_link(fd, LANDING_ID, text))
			remove_container(root_fd, text);
		if (read_link(fd, LANDING_BUNDLE, text))
			(void)file_remove_tree_at(AT_FDCWD, text);
	}
	(void)file_remove_tree_at(records_fd, key);
}

void landing_remove_stale(int root_fd, int records_fd)
{
	struct dirent *entry;
	int copy = openat(records_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *folder;

	/* None is being made meanwhile. */
	if (copy < 0 || flock(records_fd, LOCK_EX) < 0) {
		file_close(&copy);
		return;
	}
	folder = fdopendir(copy);
	while (folder && (entry = readdir(folder)))
		if (migration_key_is_valid(entry->d_name, strlen(entry->d_name)))
			remove_one(root_fd, records_fd, entry->d_name);
	if (folder)
		(void)closedir(folder);
	(void)flock(records_fd, LOCK_UN);
}
