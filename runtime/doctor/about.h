/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_RUNTIME_DOCTOR_ABOUT_H
#define HULL_RUNTIME_DOCTOR_ABOUT_H

/* Which hull on which machine: the head of the report. */
#include <stdbool.h>
#include <sys/types.h>
#include <sys/utsname.h>

#include "base/buffer.h"

struct about {
	const char *libc;			 /* "musl, static" */
	struct buffer seccomp, capability, json; /* the versions of their libraries */
	struct utsname kernel;
	struct buffer distribution;
	long cpus;
	unsigned long long memory; /* bytes */
	uid_t uid;
	bool user_namespace, virtual_machine;
};

void about_collect(struct about *about);
void about_free(struct about *about);

#endif
