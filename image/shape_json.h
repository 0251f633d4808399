/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_IMAGE_SHAPE_JSON_H
#define HULL_IMAGE_SHAPE_JSON_H

/* The shape of a run as a lock file has it ("runtime", docs/reproducible.md). */
#include "base/json.h"
#include "image/shape.h"

void shape_write(struct json_writer *writer, const char *key, const struct shape *shape);

/*
 * Read what shape_write wrote; labels and the terminal are not in it. NAME starts
 * every message; -EINVAL.
 */
int shape_read(struct arena *arena, const char *name, const struct json *node, struct shape *shape);

#endif
