/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_IMAGE_SIGNATURE_H
#define HULL_IMAGE_SIGNATURE_H

/*
 * Signatures as cosign and Podman attach them to an image in a registry: under the tag
 * sha256-HEX.sig of its repository stands a manifest whose layers are payloads
 * ("simple signing": which image and which digest is meant), each with its signature
 * in an annotation.
 */
#include "image/policy.h"
#include "image/source.h"

/*
 * Does the policy let the image with that manifest or index pass? -EACCES with a message that says
 * what is missing.
 */
int signature_check(struct arena *arena, const struct policy *policy, struct image_source *source,
	const struct digest *digest);

#endif
