/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_RUNTIME_CHECKPOINT_EXPORT_H
#define HULL_RUNTIME_CHECKPOINT_EXPORT_H

/*
 * A checkpoint as one file, in the layout of Podman and Kubernetes. It is on the disk before the
 * container ends: while it stands still, hull-image packs what there is (image/checkpoint_pack.h).
 * Functions return 0 or a negative errno with a message.
 */
#include "runtime/checkpoint.h"
#include "runtime/container.h"
#include "runtime/image_program.h"

struct checkpoint_export {
	const char *file;
	const char *image; /* the root file system's, for engines; NULL: none */
	bool whole_rootfs, plain;
	char *stage; /* the folder that is packed, beside FILE; NULL: none yet */
	bool keep_stage;
	char *image_path, *work_path; /* in it */
	struct image_program program;
};

#define _cleanup_checkpoint_export_ __attribute__((cleanup(checkpoint_export_close)))

/* Make the stage with all but CRIU's images, and point REQUEST to it. */
int checkpoint_export_prepare(struct checkpoint_export *wanted, const struct container *container,
	struct checkpoint_request *request);

/* The images are whole, and the container stands still. */
int checkpoint_export_pack(struct checkpoint_export *wanted, const struct container *container);

/* It has been saved: name the file. */
int checkpoint_export_finish(struct checkpoint_export *wanted);

/* Take away what is not finished. */
void checkpoint_export_close(struct checkpoint_export *wanted);

#endif
