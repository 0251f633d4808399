/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_RUNTIME_CHECKPOINT_IMPORT_H
#define HULL_RUNTIME_CHECKPOINT_IMPORT_H

/* A restore from an archive: hull-image takes it apart (image/checkpoint_unpack.h). */
#include "base/memory.h"
#include "runtime/checkpoint.h"

struct checkpoint_import {
	const char *file, *bundle;
	const struct string_list *allowed; /* paths of the host that its configuration may name */
	char *images;			   /* a folder made for the images; NULL: the caller's */
};

#define _cleanup_checkpoint_import_ __attribute__((cleanup(checkpoint_import_close)))

/*
 * Unpack it: the images into REQUEST's image_path, which is made and stays, or (NULL) into a folder
 * in the bundle that is taken away with the restore. 0 or a negative errno with a message.
 */
int checkpoint_import(struct checkpoint_import *wanted, struct checkpoint_request *request);

void checkpoint_import_close(struct checkpoint_import *wanted);

#endif
