/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_RUNTIME_MIGRATION_MARK_H
#define HULL_RUNTIME_MIGRATION_MARK_H

/* The file MIGRATION_MARK (runtime/thaw_guard.h): whom to ask who has the container. */
#include "runtime/container.h"
#include "runtime/migration_link.h"

struct migration_mark {
	struct arena arena;
	const char *key, *target;
};

const char *migration_mark_text(struct arena *arena, const char *key, const char *target);

/* 0, or an error with a message when there is none. */
int migration_mark_read(const struct container *container, struct migration_mark *mark);

#endif
