/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_RUNTIME_DOCTOR_ATTEMPT_H
#define HULL_RUNTIME_DOCTOR_ATTEMPT_H

/*
 * Trying something out where it cannot do harm: in a child process that is gone
 * afterwards, and with it the namespaces that it was made with.
 */
#include <stdint.h>

#include "base/buffer.h"

/* What the child does: 0 or a negative errno; what it adds to WORDS, the caller gets. */
typedef int attempt_act(void *data, struct buffer *words);

/*
 * ACT in a child with the new namespaces of FLAGS (CLONE_NEW*), in the cgroup of
 * CGROUP_FD (-1: the caller's). In a new user namespace the child is root; in a
 * new mount namespace its mounts are private. WORDS may be NULL. What ACT
 * returned; the error of clone3(2) or of writing the maps; -ETIMEDOUT after five
 * seconds; -EIO when the child died.
 */
int attempt(uint64_t flags, int cgroup_fd, attempt_act *act, void *data, struct buffer *words);

/* Nothing but the making of the child. */
int attempt_nothing(void *data, struct buffer *words);

/* CLONE_NEWUSER when the caller is an ordinary user, as hull will need it; else 0. */
uint64_t attempt_user_flag(void);

/*
 * In the child of root: become an ordinary user, nobody, as far as the kernel is
 * concerned. 0 or a negative errno.
 */
int attempt_become_nobody(void);

/*
 * The first line that the program prints, on its standard error if nowhere else,
 * into LINE. ARGUMENTS begin with its path. Its exit code, or a negative errno:
 * -ETIMEDOUT when it took longer than so many milliseconds and was killed.
 */
int attempt_program(char *const *arguments, int milliseconds, struct buffer *line);

/* The path of a program in PATH (free it), or NULL. */
char *attempt_find_program(const char *name);

#endif
