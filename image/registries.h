/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_IMAGE_REGISTRIES_H
#define HULL_IMAGE_REGISTRIES_H

/*
 * Where an image is fetched from: mirrors first, then the registry that its name
 * says; and whom to believe there. From containers-registries.conf(5), of which
 * these count: [[registry]] with prefix, location, insecure, blocked, and
 * [[registry.mirror]] with location and insecure. Names without a registry are
 * always docker.io's: one that is searched for in several is not pinned.
 */
#include <stdbool.h>
#include <stddef.h>

#include "image/reference.h"

struct registry_place {
	const char *host, *repository; /* to be asked instead of the reference's */
	bool insecure;		       /* any certificate will do, and plain HTTP */
	bool is_mirror;
};

#define REGISTRY_PLACES_MOST 16

/*
 * Of the file FILE, or (NULL) $CONTAINERS_REGISTRIES_CONF, else
 * ~/.config/containers/registries.conf, else /etc/containers/registries.conf with
 * registries.conf.d/ beside it. At least one place; -EACCES with a message when the
 * registry is blocked, -EINVAL for a file that cannot be read.
 */
int registries_find(struct arena *arena, const char *file, const struct reference *reference,
	struct registry_place places[REGISTRY_PLACES_MOST], size_t *count);

/*
 * The folder of certificates for a host: certs.d/HOST of ~/.config/containers,
 * /etc/containers or /etc/docker, the first that there is; or NULL.
 */
const char *registries_certificates(struct arena *arena, const char *host);

#endif
