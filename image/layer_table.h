/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_IMAGE_LAYER_TABLE_H
#define HULL_IMAGE_LAYER_TABLE_H

/*
 * The entries of a layer's tar as a table (layers/HEX.table): written while the tar
 * streams by, so that an index needs no second look at it. A table that is missing
 * or damaged is made again from the tar: it is a cache, in this machine's byte order.
 */
#include "image/store.h"
#include "image/tar.h"

/* Add an entry to a table that is being made. */
void layer_table_add(struct buffer *table, const struct tar_entry *entry);
/* Complete it. */
void layer_table_end(struct buffer *table);

struct layer_table {
	struct buffer bytes;
};

void layer_table_free(struct layer_table *table);

#define _cleanup_layer_table_ __attribute__((cleanup(layer_table_free)))

/* From the store, or anew from the tar. Negative errno with a message. */
int layer_table_load(struct store *store, const struct digest *diff_id, struct layer_table *table);

/* Of a tar in a file: reads its headers alone. Negative errno with a message. */
int layer_table_scan(int tar_fd, struct buffer *table);

/*
 * Call VISIT for each entry, in the tar's order; what it returns below 0 ends the walk and is
 * returned. What an entry points to lives as long as the table.
 */
int layer_table_each(const struct layer_table *table, struct arena *arena,
	int (*visit)(void *context, const struct tar_entry *entry), void *context);

#endif
