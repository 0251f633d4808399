/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_IMAGE_DOCKER_ARCHIVE_H
#define HULL_IMAGE_DOCKER_ARCHIVE_H

/*
 * What `docker save` and `podman save` write: a tar with a manifest.json, which names
 * a config and the layers, uncompressed as a rule. It has no manifest of the registry's
 * kind, so one is made: the same for the same archive.
 */
#include "base/buffer.h"
#include "image/archive_read.h"
#include "image/digest.h"
#include "image/reference.h"

struct docker_image;

/* The image that the reference names; without a name there must be only one. */
int docker_image_open(struct arena *arena, struct archive *archive,
	const struct reference *reference, struct docker_image **image);

/* A manifest (the OCI's) of it. */
void docker_image_manifest(const struct docker_image *image, struct buffer *bytes);

/* The path in the archive of the blob with this digest, or NULL. */
const char *docker_image_path(const struct docker_image *image, const struct digest *digest);

#endif
