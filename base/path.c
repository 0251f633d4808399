/* SPDX-License-Identifier: Apache-2.0 */
#include "base/path.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"

#define LINKS_MOST 40 /* as the kernel's MAXSYMLINKS */

static int path_openat2(int root_fd, const char *path, int flags, uint64_t resolve)
{
	struct open_how how = {
		.flags = (uint64_t)(unsigned int)(flags | O_CLOEXEC),
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS | resolve,
	};
	int fd;

	/* EAGAIN: something in the tree was renamed meanwhile and ".." could not be trusted. */
	for (int tries = 0; tries < 128; tries++) {
		fd = (int)syscall(SYS_openat2, root_fd, path, &how, sizeof(how));
		if (fd >= 0 || (errno != EAGAIN && errno != EINTR))
			break;
	}
	return fd < 0 ? -errno : fd;
}

int path_open_in_root(int root_fd, const char *path, int flags)
{
	return path_openat2(root_fd, path, flags, 0);
}

int path_open_in_root_no_links(int root_fd, const char *path, int flags)
{
	return path_openat2(root_fd, path, flags, RESOLVE_NO_SYMLINKS);
}

/* A walk through the tree: what is resolved holds no link, what is left may. */
struct path_walk {
	int root_fd;
	unsigned int links;
	char resolved[PATH_MAX], left[PATH_MAX];
};

static void path_walk_up(struct path_walk *walk)
{
	char *slash = strrchr(walk->resolved, '/');

	if (slash)
		*slash = '\0';
	else
		(void)strcpy(walk->resolved, ".");
}

/* Put the link's target in front of what is left. */
static int path_walk_follow(struct path_walk *walk, int link_fd)
{
	char target[PATH_MAX], left[PATH_MAX];
	ssize_t length = readlinkat(link_fd, "", target, sizeof(target) - 1);

	if (length < 0)
		return -errno;
	target[length] = '\0';
	if (++walk->links > LINKS_MOST)
		return -ELOOP;
	if (target[0] == '/')
		(void)strcpy(walk->resolved, ".");
	(void)strcpy(left, walk->left);
	if (snprintf(walk->left, sizeof(walk->left), "%s/%s", target, left) >= PATH_MAX)
		return -ENAMETOOLONG;
	return 0;
}

static int path_make_entry(
	struct path_walk *walk, const char *name, bool last, enum path_kind kind, mode_t mode)
{
	_cleanup_close_ int folder_fd =
		path_open_in_root_no_links(walk->root_fd, walk->resolved, O_PATH | O_DIRECTORY);
	_cleanup_close_ int fd = -EBADF;

	if (folder_fd < 0)
		return folder_fd;
	if (!last || kind == PATH_FOLDER)
		return mkdirat(folder_fd, name, last ? mode : 0755) < 0 && errno != EEXIST ? -errno
											   : 0;
	fd = openat(folder_fd, name,
		O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC, mode);
	return fd < 0 && errno != EEXIST ? -errno : 0;
}

static int path_walk_step(
	struct path_walk *walk, const char *name, bool last, enum path_kind kind, mode_t mode)
{
	_cleanup_close_ int fd = -EBADF;
	char next[PATH_MAX];
	struct stat st;

	if (snprintf(next, sizeof(next), "%s/%s", walk->resolved, name) >= PATH_MAX)
		return -ENAMETOOLONG;
	for (int tries = 0; tries < 2; tries++) {
		int r;

		fd = path_openat2(walk->root_fd, next, O_PATH | O_NOFOLLOW, 0);
		if (fd != -ENOENT)
			break;
		r = path_make_entry(walk, name, last, kind, mode);
		if (r < 0)
			return r;
	}
	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (S_ISLNK(st.st_mode))
		return path_walk_follow(walk, fd);
	(void)strcpy(walk->resolved, next);
	return 0;
}

/* Cut the first component off what is left; false when nothing is left. */
static bool path_walk_next(struct path_walk *walk, char name[NAME_MAX + 1], bool *last, int *r)
{
	char *start = walk->left + strspn(walk->left, "/");
	size_t length = strcspn(start, "/");
	char *rest = start + length + strspn(start + length, "/");

	if (!length)
		return false;
	if (length > NAME_MAX) {
		*r = -ENAMETOOLONG;
		return false;
	}
	memcpy(name, start, length);
	name[length] = '\0';
	*last = !*rest;
	memmove(walk->left, rest, strlen(rest) + 1);
	return true;
}

int path_make_in_root(int root_fd, const char *path, enum path_kind kind, mode_t mode)
{
	_cleanup_free_ struct path_walk *walk = NULL;
	char name[NAME_MAX + 1];
	bool last;
	int r = path_openat2(root_fd, path, O_PATH, 0);

	if (r != -ENOENT)
		return r;
	if (strlen(path) >= PATH_MAX)
		return -ENAMETOOLONG;
	walk = memory_allocate(sizeof(*walk));
	walk->root_fd = root_fd;
	walk->links = 0;
	(void)strcpy(walk->resolved, ".");
	(void)strcpy(walk->left, path);
	r = 0;
	while (r >= 0 && path_walk_next(walk, name, &last, &r)) {
		if (!strcmp(name, "."))
			continue;
		if (!strcmp(name, ".."))
			path_walk_up(walk);
		else
			r = path_walk_step(walk, name, last, kind, mode);
	}
	if (r < 0)
		return r;
	return path_open_in_root_no_links(root_fd, walk->resolved, O_PATH);
}

int path_open_parent_in_root(int root_fd, const char *path, bool make, const char **name)
{
	_cleanup_free_ char *folder = string_copy(path);
	char *slash;

	slash = strrchr(folder, '/');
	*name = path + (slash ? slash - folder + 1 : 0);
	if (!**name || !strcmp(*name, ".") || !strcmp(*name, "..") || strchr(*name, '/'))
		return -EINVAL;
	if (slash)
		*slash = '\0';
	if (!slash || !*folder)
		return path_open_in_root(root_fd, "/", O_PATH | O_DIRECTORY);
	if (make)
		return path_make_in_root(root_fd, folder, PATH_FOLDER, 0755);
	return path_open_in_root(root_fd, folder, O_PATH | O_DIRECTORY);
}

bool path_has_dot_dot(const char *path)
{
	for (const char *at = path; (at = strstr(at, "..")); at += 2)
		if ((at == path || at[-1] == '/') && (!at[2] || at[2] == '/'))
			return true;
	return false;
}
