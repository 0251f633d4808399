/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_MICROVM_GUEST_STDIO_H
#define HULL_MICROVM_GUEST_STDIO_H

/* The ends of a process's stdio that stay here: pipes, or the master of its terminal. */
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buffer.h"
#include "microvm/session.h"

struct stdio {
	int fds[STREAMS];	  /* ours; of a terminal one in all but ERRORS */
	int program[STREAMS];	  /* those of the program, until it has them */
	uint32_t credit[STREAMS]; /* bytes that may be sent to the monitor */
	bool ended[STREAMS];
	struct buffer input; /* not written yet */
	bool input_ends;
};

void stdio_init(struct stdio *stdio);
int stdio_make_pipes(struct stdio *stdio);
/* Our end of a terminal, which is taken. */
void stdio_set_terminal(struct stdio *stdio, int master_fd);
void stdio_close_program(struct stdio *stdio);
void stdio_close(struct stdio *stdio);

#endif
