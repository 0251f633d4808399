/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_IMAGE_MANIFEST_OCI_H
#define HULL_IMAGE_MANIFEST_OCI_H

/*
 * Docker's manifest as the OCI's: the same with other media types, so under another
 * digest. Readers of image layouts take no others.
 */
#include "base/buffer.h"
#include "base/memory.h"

/* 0, or -EINVAL with a message when BYTES are no JSON. */
int manifest_to_oci(
	struct arena *arena, const char *name, const struct buffer *bytes, struct buffer *oci);

#endif
