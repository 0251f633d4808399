/* SPDX-License-Identifier: Apache-2.0 */
#include "ns/copy_up.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"

#define DEPTH_MOST 64

static int copy_folder(int from_fd, int to_fd, unsigned int depth);

static int copy_file(int from_fd, int to_fd, const char *name, const struct stat *st)
{
	_cleanup_close_ int from =
		openat(from_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	_cleanup_close_ int to = -EBADF;
	struct stat now;
	ssize_t n;

	if (from < 0)
		return -errno;
	/* Still the file that was looked at, and no device that came in its place? */
	if (fstat(from, &now) < 0 || !S_ISREG(now.st_mode))
		return -EAGAIN;
	to = openat(to_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (to < 0)
		return -errno;
	do
		n = sendfile(to, from, NULL, 1u << 30);
	while (n > 0 || (n < 0 && errno == EINTR));
	if (n < 0)
		return -errno;
	if (fchown(to, st->st_uid, st->st_gid) < 0 || fchmod(to, st->st_mode & 07777) < 0)
		return -errno;
	return 0;
}

static int copy_link(int from_fd, int to_fd, const char *name, const struct stat *st)
{
	char target[PATH_MAX];
	ssize_t n = readlinkat(from_fd, name, target, sizeof(target) - 1);

	if (n < 0)
		return -errno;
	target[n] = '\0';
	if (symlinkat(target, to_fd, name) < 0)
		return -errno;
	return fchownat(to_fd, name, st->st_uid, st->st_gid, AT_SYMLINK_NOFOLLOW) < 0 ? -errno : 0;
}

static int copy_sub_folder(
	int from_fd, int to_fd, const char *name, const struct stat *st, unsigned int depth)
{
	const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	_cleanup_close_ int from = openat(from_fd, name, flags);
	_cleanup_close_ int to = -EBADF;
	int r;

	if (from < 0)
		return -errno;
	if (mkdirat(to_fd, name, 0700) < 0)
		return -errno;
	to = openat(to_fd, name, flags);
	if (to < 0)
		return -errno;
	r = copy_folder(from, to, depth + 1);
	if (r < 0)
		return r;
	if (fchown(to, st->st_uid, st->st_gid) < 0 || fchmod(to, st->st_mode & 07777) < 0)
		return -errno;
	return 0;
}

static int copy_entry(int from_fd, int to_fd, const char *name, unsigned int depth)
{
	struct timespec times[2];
	struct stat st;
	int r = 0;

	if (fstatat(from_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	if (S_ISDIR(st.st_mode))
		r = copy_sub_folder(from_fd, to_fd, name, &st, depth);
	else if (S_ISREG(st.st_mode))
		r = copy_file(from_fd, to_fd, name, &st);
	else if (S_ISLNK(st.st_mode))
		r = copy_link(from_fd, to_fd, name, &st);
	else
		return 0; /* sockets, pipes and devices stay below */
	if (r < 0)
		return error_errno(r, "tmpcopyup: %s", name);
	times[0] = st.st_atim;
	times[1] = st.st_mtim;
	(void)utimensat(to_fd, name, times, AT_SYMLINK_NOFOLLOW);
	return 0;
}

static int copy_folder(int from_fd, int to_fd, unsigned int depth)
{
	int fd = openat(from_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct dirent *entry;
	DIR *folder;
	int r = 0;

	if (depth > DEPTH_MOST)
		r = error_set(ELOOP, "tmpcopyup: folders deeper than %d levels", DEPTH_MOST);
	folder = fd < 0 ? NULL : fdopendir(fd);
	if (!folder) {
		r = error_errno(errno, "tmpcopyup");
		file_close(&fd);
		return r;
	}
	while (r >= 0 && (entry = readdir(folder)))
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			r = copy_entry(from_fd, to_fd, entry->d_name, depth);
	(void)closedir(folder);
	return r;
}

int copy_up(int from_fd, int to_fd)
{
	struct stat st;
	int r;

	if (fstat(from_fd, &st) < 0)
		return error_errno(errno, "tmpcopyup");
	r = copy_folder(from_fd, to_fd, 0);
	if (r < 0)
		return r;
	if (fchownat(to_fd, "", st.st_uid, st.st_gid, AT_EMPTY_PATH) < 0)
		return error_errno(errno, "tmpcopyup: owner");
	return 0;
}
