/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_IMAGE_CHALLENGE_H
#define HULL_IMAGE_CHALLENGE_H

/* What a registry wants to see before it answers: WWW-Authenticate (RFC 9110, 11.6.1). */
#include "base/memory.h"

struct challenge {
	enum { CHALLENGE_BASIC, CHALLENGE_BEARER, CHALLENGE_OTHER } scheme;
	const char *realm, *service, *scope; /* NULL where they are not given */
};

/*
 * The challenges of one header; *COUNT of them. -EINVAL, without a message, for what
 * is none. TEXT may come from anybody.
 */
int challenge_parse(
	struct arena *arena, const char *text, struct challenge **challenges, size_t *count);

#endif
