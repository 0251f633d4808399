/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_CHECKPOINT_IMAGE_NAME_H
#define HULL_CHECKPOINT_IMAGE_NAME_H

#include <stdbool.h>
#include <stddef.h>

/* What images of memory are called, one component of a path; logs and statistics are none. */
bool image_name_is_good(const char *name, size_t length);

#endif
