/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_IMAGE_DRAFT_H
#define HULL_IMAGE_DRAFT_H

/*
 * A file of the store that is being written: it has no name before it is complete
 * (O_TMPFILE), so nothing of it stays when its writer is killed. On a file system
 * without such files (NFS) it stands in partial/ until then, where prune finds it.
 */
#include <stdbool.h>
#include <sys/types.h>

#include "image/store.h"

struct draft {
	int fd;
	int folder_fd; /* of partial/; not the draft's */
	char name[64]; /* in it, or "" */
};

#define DRAFT_NONE ((struct draft){ .fd = -EBADF, .folder_fd = -EBADF })

/* Negative errno with a message. */
int draft_open(struct store *store, struct draft *draft);

/*
 * fsync it (when SYNC) and put it under NAME in a folder of the same store, with mode 0444. A
 * file that is there already stays when REPLACE is false: it has the same content then. The
 * draft's descriptor stays open. Negative errno with a message.
 */
int draft_commit(struct draft *draft, int folder_fd, const char *name, bool replace, bool sync);

/* Also after a commit, to close the descriptor. */
void draft_close(struct draft *draft);

#define _cleanup_draft_ __attribute__((cleanup(draft_close)))

/* A small file by a draft: open, write, commit with fsync. */
int draft_write(struct store *store, int folder_fd, const char *name, bool replace,
	const void *bytes, size_t length);

#endif
