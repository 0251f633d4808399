/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_NS_SECCOMP_CLOSED_H
#define HULL_NS_SECCOMP_CLOSED_H

/*
 * A filter for a process of hull's own that goes on for long beside a container: the few
 * system calls that it makes, and any other ends it.
 */
#include <stddef.h>
#include <stdint.h>

struct seccomp_call {
	int number; /* SYS_* */
	/* Where MASK is not 0: this argument, counted from 0, must be VALUE under it. */
	unsigned int argument;
	uint64_t mask, value;
};

/*
 * From now on the calling thread can make the COUNT CALLS and no others. It can
 * gain no privileges by executing a program any more. 0, or a negative errno with a message.
 */
int seccomp_close(const struct seccomp_call *calls, size_t count);

#endif
