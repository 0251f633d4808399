/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_RUNTIME_RECORD_H
#define HULL_RUNTIME_RECORD_H

#include "runtime/container.h"

/* Read state.json; -ENOENT without a message when there is none. */
int record_load(struct arena *arena, int folder_fd, struct container_record *record);
int record_save(int folder_fd, const struct container_record *record);

#endif
