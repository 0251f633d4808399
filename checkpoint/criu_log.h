/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_CHECKPOINT_CRIU_LOG_H
#define HULL_CHECKPOINT_CRIU_LOG_H

#include "base/buffer.h"

/*
 * Why CRIU failed, in its own words: from the end of its log NAME in the folder the last errors
 * that say more than that it failed. Adds nothing to TEXT when there is no such line.
 */
void criu_log_cause(int folder_fd, const char *name, struct buffer *text);

/* The same in a log that was read; LOG may be any bytes. */
void criu_log_find(const char *log, size_t length, struct buffer *text);

#endif
