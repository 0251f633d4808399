/* SPDX-License-Identifier: Apache-2.0 */
#include "image/archive_read.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "image/inflate.h"
#include "image/scratch.h"

#define CHUNK_BYTES  ((size_t)256 << 10)
#define ENTRIES_MOST 65536
#define LINKS_MOST   8

struct archive_entry {
	const char *path;
	const char *target; /* of a link, else NULL */
	bool is_symlink;
	uint64_t offset, size;
};

struct archive {
	struct arena *arena;
	const char *path;
	int fd;
	struct archive_entry *entries;
	size_t count, room;
};

/* "./a/b" and "/a/b" are "a/b". */
static const char *plain_path(const char *path)
{
	for (;;) {
		if (*path == '/')
			path++;
		else if (path[0] == '.' && path[1] == '/')
			path += 2;
		else
			return path;
	}
}

static int take_entry(void *context, const struct tar_entry *entry)
{
	struct archive *archive = context;
	struct archive_entry *added;
	bool is_link = entry->type == TAR_SYMLINK || entry->type == TAR_LINK;

	if (entry->type != TAR_FILE && !is_link)
		return 0;
	if (archive->count == ENTRIES_MOST)
		return error_set(EFBIG, "%s: more than 65536 files", archive->path);
	if (archive->count == archive->room) {
		archive->room = archive->room ? 2 * archive->room : 64;
		archive->entries =
			memory_resize(archive->entries, archive->room * sizeof(*archive->entries));
	}
	added = &archive->entries[archive->count++];
	*added = (struct archive_entry){
		.path = arena_copy(archive->arena, entry->path, strlen(entry->path)),
		.is_symlink = entry->type == TAR_SYMLINK,
		.offset = entry->offset,
		.size = entry->size,
	};
	if (is_link)
		added->target = arena_copy(archive->arena, entry->target, strlen(entry->target));
	return 0;
}

/* ---- a compressed tar ---- */

struct unpacking {
	int from, to;
	int error;
	uint64_t at;
	char in[CHUNK_BYTES], out[CHUNK_BYTES];
};

static long unpack_get(void *context, const void **bytes)
{
	struct unpacking *unpacking = context;
	ssize_t n =
		pread(unpacking->from, unpacking->in, sizeof(unpacking->in), (off_t)unpacking->at);

	if (n < 0)
		return -errno;
	unpacking->at += (uint64_t)n;
	*bytes = unpacking->in;
	return n;
}

static char *unpack_room(void *context, size_t *size)
{
	struct unpacking *unpacking = context;

	*size = sizeof(unpacking->out);
	return unpacking->out;
}

static int unpack_put(void *context, size_t length)
{
	struct unpacking *unpacking = context;

	return file_write_all(unpacking->to, unpacking->out, length);
}

int archive_inflate(int from, int to)
{
	struct unpacking *unpacking = memory_allocate_zero(sizeof(*unpacking));
	const struct inflate_ends ends = { unpack_get, unpack_room, unpack_put, unpacking };
	int r;

	unpacking->from = from;
	unpacking->to = to;
	r = inflate_all(&ends);
	memory_free_pointer(&unpacking);
	return r;
}

static bool is_compressed(int fd)
{
	unsigned char magic[4] = { 0 };

	if (pread(fd, magic, sizeof(magic), 0) != sizeof(magic))
		return false;
	return (magic[0] == 0x1f && magic[1] == 0x8b) || !memcmp(magic, "\x28\xb5\x2f\xfd", 4);
}

static int unpack(int packed)
{
	_cleanup_close_ int fd = scratch_open_nameless();
	int r;

	if (fd < 0)
		return error_errno(fd, "make a temporary file");
	r = archive_inflate(packed, fd);
	return r < 0 ? r : TAKE_FD(fd);
}

int archive_open_plain(const char *path)
{
	_cleanup_close_ int fd = strcmp(path, "-") != 0
					 ? open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY)
					 : fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
	int r;

	if (fd < 0)
		return error_errno(errno, "%s", path);
	if (lseek(fd, 0, SEEK_CUR) < 0)
		return error_set(EINVAL, "%s: an archive must be a file, no pipe", path);
	if (!is_compressed(fd))
		return TAKE_FD(fd);
	r = unpack(fd);
	return r < 0 ? error_context(r, "%s", path) : r;
}

/* ---- the index of what is in it ---- */

int archive_each(int fd, uint64_t begin, uint64_t size,
	int (*entry)(void *context, const struct tar_entry *entry), void *context)
{
	_cleanup_free_ char *chunk = memory_allocate(CHUNK_BYTES);
	_cleanup_tar_ struct tar *tar = tar_begin(entry, context);
	uint64_t at = 0;
	int r = 0;

	while (r >= 0 && at < size) {
		uint64_t skip = tar_skippable(tar), left = size - at;
		ssize_t n;

		/* Behind the end everything may be skipped. */
		skip = skip < left ? skip : left;
		if (skip > CHUNK_BYTES) {
			tar_skip(tar, skip);
			at += skip;
			left -= skip;
		}
		n = pread(fd, chunk, left < CHUNK_BYTES ? (size_t)left : CHUNK_BYTES,
			(off_t)(begin + at));
		if (n < 0)
			return error_errno(errno, "cannot be read");
		if (n == 0)
			break;
		at += (uint64_t)n;
		r = tar_feed(tar, chunk, (size_t)n);
	}
	return r < 0 ? r : tar_finish(tar);
}

static int read_entries(struct archive *archive)
{
	struct stat st;
	int r;

	if (fstat(archive->fd, &st) < 0)
		return error_errno(errno, "%s", archive->path);
	r = archive_each(archive->fd, 0, (uint64_t)st.st_size, take_entry, archive);
	return r < 0 ? error_context(r, "%s", archive->path) : 0;
}

int archive_open(struct arena *arena, const char *path, struct archive **archive)
{
	struct archive *opened = memory_allocate_zero(sizeof(*opened));

	*archive = opened;
	opened->arena = arena;
	opened->path = arena_copy(arena, path, strlen(path));
	opened->fd = archive_open_plain(path);
	return opened->fd < 0 ? opened->fd : read_entries(opened);
}

void archive_close(struct archive **archive)
{
	if (!*archive)
		return;
	file_close(&(*archive)->fd);
	memory_free_pointer(&(*archive)->entries);
	memory_free_pointer(archive);
}

static const struct archive_entry *find(const struct archive *archive, const char *path)
{
	const struct archive_entry *found = NULL;

	/* A later one of the same name stands for the earlier. */
	for (size_t i = 0; i < archive->count; i++)
		if (!strcmp(plain_path(archive->entries[i].path), path))
			found = &archive->entries[i];
	return found;
}

/* The target of a symlink as seen from the archive's root: "../x/layer.tar" in "y/layer.tar". */
static const char *link_path(struct arena *arena, const struct archive_entry *entry)
{
	const char *target = entry->target;
	char *folder = arena_copy(arena, plain_path(entry->path), strlen(plain_path(entry->path)));
	char *slash = strrchr(folder, '/');

	if (!entry->is_symlink)
		return plain_path(target);
	folder = slash ? arena_copy(arena, folder, (size_t)(slash - folder))
		       : arena_copy(arena, "", 0);
	while (!strncmp(target, "../", 3)) {
		slash = strrchr(folder, '/');
		*(slash ? slash : folder) = '\0';
		target += 3;
	}
	return arena_format(arena, "%s%s%s", folder, *folder ? "/" : "", plain_path(target));
}

int archive_find(
	struct archive *archive, const char *path, int *fd, uint64_t *offset, uint64_t *size)
{
	const struct archive_entry *entry = find(archive, plain_path(path));

	for (unsigned int i = 0; entry && entry->target && i < LINKS_MOST; i++)
		entry = find(archive, link_path(archive->arena, entry));
	if (!entry || entry->target)
		return -ENOENT;
	*offset = entry->offset;
	*size = entry->size;
	*fd = fcntl(archive->fd, F_DUPFD_CLOEXEC, 3);
	return *fd < 0 ? -errno : 0;
}
