/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_IMAGE_SCRATCH_H
#define HULL_IMAGE_SCRATCH_H

/*
 * A file outside the store that is being written: without a name until it is complete
 * (O_TMPFILE), so that nothing of it stays when its writer ends early. Where the file
 * system has no such files (NFS), it has a name with ".hull-" in it.
 */
#include <stdbool.h>

#define SCRATCH_NAME_BYTES 64

struct scratch {
	int fd;
	char name[SCRATCH_NAME_BYTES]; /* "" without one */
};

/* Negative errno, no message. */
int scratch_open(int folder_fd, struct scratch *scratch);

/* Give it NAME, in place of what has it; the descriptor stays open. Negative errno, no message. */
int scratch_commit(struct scratch *scratch, int folder_fd, const char *name);

/* A file that never gets a name, in $TMPDIR or /var/tmp; a descriptor or a negative errno. */
int scratch_open_nameless(void);

/* Take away the name that it may have, and close it; also after a commit. */
void scratch_close(struct scratch *scratch, int folder_fd);

/*
 * The folder of PATH, and in *NAME what is behind it (points into PATH): a descriptor or a
 * negative errno with a message.
 */
int scratch_folder(const char *path, const char **name);

#endif
