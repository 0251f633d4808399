/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_IMAGE_MANIFEST_H
#define HULL_IMAGE_MANIFEST_H

/*
 * Indexes, manifests and configs as structs: OCI image-spec 1.1 and Docker's image
 * manifest version 2, schema 2, which say the same in other media types. All text
 * lives in the arena. Unknown members are ignored; wrong ones are refused with
 * -EINVAL and a message that starts with the document's NAME and the place in it.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/memory.h"
#include "image/digest.h"
#include "image/platform.h"
#include "spec/config.h"

#define MEDIA_OCI_INDEX	      "application/vnd.oci.image.index.v1+json"
#define MEDIA_OCI_MANIFEST    "application/vnd.oci.image.manifest.v1+json"
#define MEDIA_OCI_CONFIG      "application/vnd.oci.image.config.v1+json"
#define MEDIA_OCI_LAYER	      "application/vnd.oci.image.layer.v1.tar"
#define MEDIA_DOCKER_INDEX    "application/vnd.docker.distribution.manifest.list.v2+json"
#define MEDIA_DOCKER_MANIFEST "application/vnd.docker.distribution.manifest.v2+json"
#define MEDIA_DOCKER_CONFIG   "application/vnd.docker.container.image.v1+json"
#define MEDIA_DOCKER_LAYER    "application/vnd.docker.image.rootfs.diff.tar"
#define MEDIA_DOCKER_SCHEMA_1 "application/vnd.docker.distribution.manifest.v1"

#define ANNOTATION_REF_NAME  "org.opencontainers.image.ref.name"
#define MANIFEST_LAYERS_MOST 1000

struct manifest_entry {
	struct descriptor blob;
	struct platform platform; /* os NULL: the entry does not say */
	const char *ref_name;	  /* of a layout's index.json; or NULL */
};

/* A manifest of one image, or an index of several. */
struct manifest {
	const char *media_type;
	bool is_index;
	/* Of an index. */
	struct manifest_entry *entries;
	size_t entry_count;
	/* Of an image, the lowest layer first. */
	struct descriptor config;
	struct descriptor *layers;
	size_t layer_count;
	struct string_map annotations;
};

/* MEDIA_TYPE is what the registry or the descriptor calls it; may be NULL. */
int manifest_parse(struct arena *arena, const char *name, const char *media_type, const char *bytes,
	size_t length, struct manifest *manifest);

/*
 * The entry of an index that serves the platform best: -ENOENT with a message that
 * lists the platforms there are.
 */
int manifest_choose(struct arena *arena, const char *name, const struct manifest *index,
	const struct platform *wanted, const struct manifest_entry **entry);

#endif
