/* SPDX-License-Identifier: Apache-2.0 */
#include "image/archive_write.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "image/scratch.h"
#include "image/tar_write.h"

#define CHUNK_BYTES ((size_t)1 << 20)

static int copy_contents(int to, const struct archive_file *file, char *chunk)
{
	uint64_t at = 0;
	int r = 0;

	if (file->fd < 0)
		return file_write_all(to, file->bytes, file->size);
	while (r >= 0 && at < file->size) {
		uint64_t left = file->size - at;
		ssize_t n = pread(file->fd, chunk, left < CHUNK_BYTES ? (size_t)left : CHUNK_BYTES,
			(off_t)at);

		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		r = file_write_all(to, chunk, (size_t)n);
		at += (uint64_t)n;
	}
	return r;
}

static int write_file(int to, const struct archive_file *file, char *chunk)
{
	struct tar_entry entry = {
		.type = TAR_FILE, .path = file->path, .target = "", .mode = 0644, .size = file->size
	};
	_cleanup_buffer_ struct buffer header = { 0 };
	static const char zeros[TAR_BLOCK];
	int r;

	tar_write_header(&header, &entry);
	r = file_write_all(to, header.data, header.length);
	if (r >= 0)
		r = copy_contents(to, file, chunk);
	return r < 0 ? r : file_write_all(to, zeros, tar_padding(file->size));
}

static int write_all(int to, const struct archive_file *files, size_t count)
{
	_cleanup_free_ char *chunk = memory_allocate(CHUNK_BYTES);
	static const char end[2 * TAR_BLOCK];
	int r = 0;

	for (size_t i = 0; r >= 0 && i < count; i++)
		r = write_file(to, &files[i], chunk);
	return r < 0 ? r : file_write_all(to, end, sizeof(end));
}

int archive_write(const char *path, const struct archive_file *files, size_t count)
{
	_cleanup_close_ int folder_fd = -EBADF;
	struct scratch scratch;
	const char *name;
	int r;

	if (!strcmp(path, "-")) {
		r = write_all(STDOUT_FILENO, files, count);
		return r < 0 ? error_errno(r, "write the archive") : 0;
	}
	folder_fd = scratch_folder(path, &name);
	if (folder_fd < 0)
		return folder_fd;
	r = scratch_open(folder_fd, &scratch);
	if (r >= 0)
		r = write_all(scratch.fd, files, count);
	if (r >= 0)
		r = scratch_commit(&scratch, folder_fd, name);
	scratch_close(&scratch, folder_fd);
	return r < 0 ? error_errno(r, "%s", path) : 0;
}
