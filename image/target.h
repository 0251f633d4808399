/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_IMAGE_TARGET_H
#define HULL_IMAGE_TARGET_H

/*
 * Where an image is copied to: a table of functions for each transport. All return 0
 * or a negative errno with a message. What is not finished leaves nothing behind but
 * what another try can use.
 */
#include <stdbool.h>
#include <stdint.h>

#include "image/digest.h"
#include "image/manifest.h"
#include "image/reference.h"
#include "image/store.h"

struct image_target {
	const struct image_target_kind *kind;
	const struct reference *reference;
};

/* A layer on its way. */
struct target_layer {
	struct image_target *target;
	struct descriptor blob;
	const struct digest *diff_id;
	void *state; /* the target's own */
};

/* TARGET_BUSY: another process gets this layer: wait for it when nothing else is to do. */
enum target_answer { TARGET_WANTS, TARGET_HAS, TARGET_BUSY };

/* An image all of whose blobs are there. */
struct copied_image {
	const char *name; /* whom it came from; NULL: nothing that one would look for again */
	struct descriptor index; /* digest "": it came without one */
	struct descriptor manifest, config;
	struct platform platform;
	const struct descriptor *layers;
	const struct digest *diff_ids;
	size_t layer_count;
};

struct image_target_kind {
	bool keeps_index; /* that an image was chosen from */
	bool wants_oci;	  /* no manifest of Docker's */
	/* Does it have the blob already, under this digest? 1, 0. May be NULL: never. */
	int (*has)(struct image_target *target, const struct descriptor *blob);
	/* A manifest, index or config. */
	int (*document)(struct image_target *target, const struct descriptor *blob,
		const void *bytes, size_t length, bool is_manifest);
	/* An enum target_answer, or a negative errno; *FROM bytes are here already. */
	int (*begin)(struct target_layer *layer, uint64_t *from);
	int (*take)(struct target_layer *layer, const void *bytes, size_t length);
	/* RESULT < 0: it did not come whole, and the message is recorded. */
	int (*end)(struct target_layer *layer, int result);
	int (*wait)(struct target_layer *layer); /* after TARGET_BUSY */
	/* It gets its name. */
	int (*finish)(struct image_target *target, const struct copied_image *image);
	/* The same for an index with all its images. NULL: single images only. */
	int (*finish_index)(struct image_target *target, const struct descriptor *index);
	void (*close)(struct image_target *target);
};

void target_close(struct image_target **target);

#define _cleanup_target_ __attribute__((cleanup(target_close)))

int target_open_store(struct store *store, const struct reference *reference, bool keep_blobs,
	struct image_target **target);

struct registry_settings;

/* MOUNT_FROM: a repository of the same registry where blobs may be already; or NULL. */
int target_open_registry(const struct registry_settings *settings,
	const struct reference *reference, const char *mount_from, struct image_target **target);

/* A folder oci:, or the file oci-archive:. */
int target_open_layout(const struct reference *reference, struct image_target **target);

/* The file docker-archive:. */
int target_open_docker_archive(const struct reference *reference, struct image_target **target);

#endif
