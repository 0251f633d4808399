/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "runtime/host_migrate.h"
#include "runtime/isolation.h"

#define MAPS_BYTES ((size_t)64 * 1024 * 1024)
/* Documentation/admin-guide/mm/pagemap.rst */
#define SOFT_DIRTY (1ULL << 55)
#define SWAPPED	   (1ULL << 62)
#define PRESENT	   (1ULL << 63)
#define FILE_PAGE  (1ULL << 61)
#define ENTRIES	   8192

struct search {
	bool soft_dirty;
	size_t page;
	uint64_t bytes;
};

/* Pages that hold what no file has: of a private mapping that is not of a file any more, or shared anonymous memory. */
static bool is_counted(const struct search *search, uint64_t entry, bool shared)
{
	if (!(entry & (PRESENT | SWAPPED)))
		return false;
	if (search->soft_dirty && !(entry & SOFT_DIRTY))
		return false;
	return shared || !(entry & FILE_PAGE);
}

static void search_range(
	struct search *search, int pagemap_fd, uint64_t begin, uint64_t end, bool shared)
{
	uint64_t entries[ENTRIES];

	for (uint64_t at = begin / search->page; at < end / search->page;) {
		uint64_t most = end / search->page - at;
		ssize_t n = pread(pagemap_fd, entries,
			(most < ENTRIES ? most : ENTRIES) * sizeof(*entries),
			(off_t)(at * sizeof(*entries)));

		if (n < (ssize_t)sizeof(*entries))
			return;
		for (size_t i = 0; i < (size_t)n / sizeof(*entries); i++)
			if (is_counted(search, entries[i], shared))
				search->bytes += search->page;
		at += (uint64_t)n / sizeof(*entries);
	}
}

/* Lines of "begin-end rwxp offset device inode name". What maps a file and cannot write holds nothing. */
static void search_process(struct search *search, pid_t process)
{
	_cleanup_buffer_ struct buffer maps = { 0 };
	_cleanup_close_ int fd = -EBADF;
	char path[40];

	(void)snprintf(path, sizeof(path), "/proc/%d/pagemap", process);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	(void)snprintf(path, sizeof(path), "/proc/%d/maps", process);
	if (fd < 0 || file_read_at(AT_FDCWD, path, &maps, MAPS_BYTES) < 0 || !maps.length)
		return;
	for (const char *line = maps.data; line && *line; line = strchr(line, '\n')) {
		unsigned long long begin, end, inode;
		char rights[8];

		line += *line == '\n';
		if (sscanf(line, "%llx-%llx %7s %*x %*s %llu", &begin, &end, rights, &inode) != 4)
			continue;
		if (rights[1] == 'w' && !(rights[3] == 's' && inode && !strstr(line, "/dev/zero")))
			search_range(search, fd, begin, end, rights[3] == 's');
	}
}

int host_dirty_memory(const struct container *container, bool soft_dirty, uint64_t *bytes)
{
	struct search search = { .soft_dirty = soft_dirty, .page = (size_t)sysconf(_SC_PAGESIZE) };
	pid_t *processes = NULL;
	size_t count = 0;
	int r = isolation_of(container)->processes(container, &processes, &count);

	for (size_t i = 0; r >= 0 && i < count; i++)
		search_process(&search, processes[i]);
	free(processes);
	*bytes = search.bytes;
	return r;
}
