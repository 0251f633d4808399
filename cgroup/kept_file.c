/* SPDX-License-Identifier: Apache-2.0 */
#include "cgroup/kept_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"

#define DESCRIPTORS_SPARED 64

void kept_file_set(struct kept_file *file, const char *folder, const char *name)
{
	*file = (struct kept_file){ .fd = -EBADF, .path = string_format("%s/%s", folder, name) };
}

ssize_t kept_file_read(
	struct kept_file *file, struct kept_files *all, int folder_fd, char *text, size_t size)
{
	bool was_open = file->fd >= 0;
	ssize_t n;

	if (!file->path)
		return -ENOENT;
	if (!was_open)
		file->fd = openat(folder_fd, file->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (file->fd < 0)
		return -errno;
	n = pread(file->fd, text, size - 1, 0);
	if (n < 0)
		n = -errno;
	else
		text[n] = '\0';
	if (was_open && n < 0) {
		file_close(&file->fd);
		all->left++;
	} else if (!was_open && n >= 0 && all->left) {
		all->left--;
	} else if (!was_open) {
		file_close(&file->fd);
	}
	return n;
}

void kept_file_free(struct kept_file *file, struct kept_files *all)
{
	if (!file->path)
		return;
	if (file->fd >= 0) {
		file_close(&file->fd);
		all->left++;
	}
	memory_free_pointer(&file->path);
}

struct kept_files kept_files_most(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return (struct kept_files){ 0 };
	if (limit.rlim_cur < limit.rlim_max) {
		const struct rlimit raised = { limit.rlim_max, limit.rlim_max };

		if (setrlimit(RLIMIT_NOFILE, &raised) == 0)
			limit = raised;
	}
	if (limit.rlim_cur <= DESCRIPTORS_SPARED)
		return (struct kept_files){ 0 };
	return (struct kept_files){ (limit.rlim_cur - DESCRIPTORS_SPARED) / 2 };
}

bool kept_text_number(const char *text, const char *key, uint64_t *number)
{
	size_t length = strlen(key);

	for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n')
		if (!strncmp(line, key, length) && line[length] == ' ') {
			*number = strtoull(line + length + 1, NULL, 10);
			return true;
		}
	return false;
}
