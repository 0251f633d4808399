/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_CGROUP_KEPT_FILE_H
#define HULL_CGROUP_KEPT_FILE_H

/*
 * Small files of cgroupfs and procfs that are read again and again: kept open,
 * a reading costs a third of a microsecond instead of 2.4, which is what makes
 * statistics of a hundred containers cheap. There may be more files than
 * descriptors, so only so many are kept; the others are opened each time.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct kept_files {
	size_t left; /* how many more may be kept open */
};

struct kept_file {
	int fd; /* or -EBADF */
	char *path;
};

/* The file at PATH, which is copied, below the folder that is given when it is read. */
void kept_file_set(struct kept_file *file, const char *folder, const char *name);

/*
 * Its first SIZE - 1 bytes from one read(2), with a NUL behind them: what is shorter
 * than a page is complete. The number of bytes, or a negative errno without a message:
 * -ENOENT, -ENODEV (cgroupfs) or -ESRCH (procfs) when what it tells of is gone.
 * A file that was not set is -ENOENT.
 */
ssize_t kept_file_read(
	struct kept_file *file, struct kept_files *all, int folder_fd, char *text, size_t size);
void kept_file_free(struct kept_file *file, struct kept_files *all);

/*
 * Half of what RLIMIT_NOFILE, which is raised as far as it may be, allows. For a
 * process that starts no other.
 */
struct kept_files kept_files_most(void);

/* The number behind KEY in lines "KEY NUMBER"; false when there is none. */
bool kept_text_number(const char *text, const char *key, uint64_t *number);

#endif
