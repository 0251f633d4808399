/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_IMAGE_PROGRESS_H
#define HULL_IMAGE_PROGRESS_H

/*
 * How far a transfer is, on stderr: on a terminal a bar for each blob, drawn anew a
 * few times a second; elsewhere nothing, or with -v a line for each when it is done.
 */
#include <stdbool.h>
#include <stdint.h>

#define PROGRESS_ITEMS_MOST 1024

struct progress;

struct progress *progress_open(bool quiet);
void progress_close(struct progress **progress);

#define _cleanup_progress_ __attribute__((cleanup(progress_close)))

/* One more line, for TOTAL bytes; its number. LABEL is copied. */
unsigned int progress_add(struct progress *progress, const char *label, uint64_t total);
/* So many bytes are here; those before the first call came earlier and count for no rate. */
void progress_begin(struct progress *progress, unsigned int item, uint64_t from);
void progress_move(struct progress *progress, unsigned int item, uint64_t bytes);
/* It is over: "done", "already here". */
void progress_end(struct progress *progress, unsigned int item, const char *word);

#endif
