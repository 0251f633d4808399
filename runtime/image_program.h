/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_RUNTIME_IMAGE_PROGRAM_H
#define HULL_RUNTIME_IMAGE_PROGRAM_H

/*
 * hull-image as a child: what needs its libraries (zstd), and what reads archives, is not done in
 * hull's own process. Functions return 0 or a negative errno with a message.
 */
#include <errno.h>
#include <sys/types.h>

struct image_program {
	pid_t pid;
	int pidfd;
	int to_fd, from_fd; /* its standard streams, pipes */
	int error_fd;	    /* what it has said on the third */
};

#define IMAGE_PROGRAM_NONE                                                                         \
	(struct image_program)                                                                     \
	{                                                                                          \
		.pidfd = -EBADF, .to_fd = -EBADF, .from_fd = -EBADF, .error_fd = -EBADF            \
	}

/* WORDS[0] is "hull-image". */
int image_program_start(struct image_program *program, char **words);

/* Wait for a byte of its: it has come so far. An error with its message when it ends instead. */
int image_program_await(struct image_program *program);

/* Send it a byte. */
int image_program_tell(const struct image_program *program);

/* Wait for its end; an error with its message when it has failed. */
int image_program_wait(struct image_program *program);

/* Close its streams, which ends it, and wait. */
void image_program_end(struct image_program *program);

#endif
