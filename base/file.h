/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_BASE_FILE_H
#define HULL_BASE_FILE_H

/*
 * Descriptors and small files. All functions return 0 (or a descriptor) or a
 * negative errno and, unless said otherwise, record no message: the caller
 * knows what the file was for. Every descriptor made here is O_CLOEXEC.
 */
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/buffer.h"

void file_close(int *fd);

#define _cleanup_close_ __attribute__((cleanup(file_close)))
#define TAKE_FD(fd)                                                                                \
	({                                                                                         \
		int *_address = &(fd);                                                             \
		int _taken = *_address;                                                            \
		*_address = -EBADF;                                                                \
		_taken;                                                                            \
	})

/* Add all that FD holds to BUFFER; -EFBIG when that is more than MOST bytes. */
int file_read_fd(int fd, struct buffer *buffer, size_t most);
int file_read_at(int folder_fd, const char *path, struct buffer *buffer, size_t most);

/* A number, alone in a file, as in cgroupfs; -EINVAL when it is none. */
int file_read_number_at(int folder_fd, const char *path, long long *number);

int file_write_all(int fd, const void *bytes, size_t length);

/* Write TEXT in one write(2) to an existing file, as procfs, sysfs and cgroupfs want it. */
int file_write_at(int folder_fd, const char *path, const char *text);

/* Put bytes under NAME, a path too: readers see the old file or the whole new one, never a part. */
int file_replace_at(int folder_fd, const char *name, const void *bytes, size_t length, mode_t mode);

/* Remove a folder and all in it, without following a link or leaving the file system. */
int file_remove_tree_at(int folder_fd, const char *name);

/* Duplicate onto exactly TARGET, close-on-exec or not. */
int file_move(int fd, int target, bool close_on_exec);

#endif
