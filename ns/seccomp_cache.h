/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_NS_SECCOMP_CACHE_H
#define HULL_NS_SECCOMP_CACHE_H

#include "ns/seccomp.h"

/* The program that was compiled from exactly this text; false: not there. */
bool seccomp_cache_get(int cache_fd, const struct config_seccomp *config, struct buffer *code);

/* Keep it. Failing to is no error: the next start compiles again. */
void seccomp_cache_put(
	int cache_fd, const struct config_seccomp *config, const struct buffer *code);

#endif
