/* SPDX-License-Identifier: Apache-2.0 */
#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"

void file_close(int *fd)
{
	if (*fd >= 0) {
		int saved = errno;

		(void)close(*fd);
		errno = saved;
	}
	*fd = -EBADF;
}

int file_read_fd(int fd, struct buffer *buffer, size_t most)
{
	size_t before = buffer->length;

	for (;;) {
		/* Most files here are a line; documents are read in growing steps. */
		size_t step = buffer->size - buffer->length > 1024
				      ? buffer->size - buffer->length - 1
				      : buffer->size + 4095;
		char *end = buffer_reserve(buffer, step);
		ssize_t n = read(fd, end, step);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return 0;
		buffer->length += (size_t)n;
		buffer->data[buffer->length] = '\0';
		if (buffer->length - before > most)
			return -EFBIG;
	}
}

int file_read_at(int folder_fd, const char *path, struct buffer *buffer, size_t most)
{
	_cleanup_close_ int fd = openat(folder_fd, path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	if (fd < 0)
		return -errno;
	return file_read_fd(fd, buffer, most);
}

int file_read_number_at(int folder_fd, const char *path, long long *number)
{
	_cleanup_buffer_ struct buffer text = { 0 };
	char *end;
	int r = file_read_at(folder_fd, path, &text, 4096);

	if (r < 0)
		return r;
	errno = 0;
	*number = strtoll(text.data ? text.data : "", &end, 10);
	if (errno || end == text.data || (*end && *end != '\n'))
		return -EINVAL;
	return 0;
}

int file_write_all(int fd, const void *bytes, size_t length)
{
	const char *next = bytes;

	while (length) {
		ssize_t n = write(fd, next, length);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		next += n;
		length -= (size_t)n;
	}
	return 0;
}

int file_write_at(int folder_fd, const char *path, const char *text)
{
	_cleanup_close_ int fd = openat(folder_fd, path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
	ssize_t n;

	if (fd < 0)
		return -errno;
	do
		n = write(fd, text, strlen(text));
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : 0;
}

int file_replace_at(int folder_fd, const char *name, const void *bytes, size_t length, mode_t mode)
{
	const char *slash = strrchr(name, '/'), *last = slash ? slash + 1 : name;
	_cleanup_free_ char *temporary =
		string_format("%.*s.%s.%d", (int)(last - name), name, last, getpid());
	_cleanup_close_ int fd = openat(
		folder_fd, temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode);
	int r;

	if (fd < 0)
		return -errno;
	r = file_write_all(fd, bytes, length);
	if (r >= 0 && renameat(folder_fd, temporary, folder_fd, name) < 0)
		r = -errno;
	if (r < 0)
		(void)unlinkat(folder_fd, temporary, 0);
	return r;
}

static int file_remove_entries(int fd, dev_t device)
{
	DIR *folder = fdopendir(fd);
	struct dirent *entry;
	int r = 0;

	if (!folder) {
		r = -errno;
		(void)close(fd);
		return r;
	}
	while (r >= 0 && (entry = readdir(folder))) {
		struct stat st;

		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		if (fstatat(dirfd(folder), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		if (!S_ISDIR(st.st_mode))
			r = unlinkat(dirfd(folder), entry->d_name, 0) < 0 && errno != ENOENT
				    ? -errno
				    : 0;
		else if (st.st_dev != device)
			r = -EXDEV;
		else
			r = file_remove_tree_at(dirfd(folder), entry->d_name);
	}
	(void)closedir(folder);
	return r;
}

int file_remove_tree_at(int folder_fd, const char *name)
{
	struct stat st;
	int fd = openat(folder_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int r;

	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	if (fstat(fd, &st) < 0) {
		r = -errno;
		(void)close(fd);
		return r;
	}
	r = file_remove_entries(fd, st.st_dev);
	if (r < 0)
		return r;
	return unlinkat(folder_fd, name, AT_REMOVEDIR) < 0 && errno != ENOENT ? -errno : 0;
}

int file_move(int fd, int target, bool close_on_exec)
{
	if (fd == target)
		return fcntl(fd, F_SETFD, close_on_exec ? FD_CLOEXEC : 0) < 0 ? -errno : 0;
	return dup3(fd, target, close_on_exec ? O_CLOEXEC : 0) < 0 ? -errno : 0;
}
