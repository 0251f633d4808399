/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_IMAGE_CREDENTIAL_H
#define HULL_IMAGE_CREDENTIAL_H

/*
 * Who we are to a registry: the files of Podman (containers-auth.json(5)) and of
 * Docker (config.json), which `podman login`, `docker login` and `hull image login`
 * write, and the programs that keep passwords for them (docker-credential-NAME).
 */
#include <stdbool.h>

#include "base/memory.h"

struct credential {
	const char *user_and_password; /* "USER:PASSWORD", or NULL */
	const char *identity_token;    /* to be exchanged for a bearer token, or NULL */
};

/*
 * Of the file FILE, or (NULL) of the first that knows the registry: $REGISTRY_AUTH_FILE,
 * else $XDG_RUNTIME_DIR/containers/auth.json, ~/.config/containers/auth.json and
 * $DOCKER_CONFIG or ~/.docker, config.json. The most specific entry counts: that of
 * HOST/a/b before that of HOST. Without any, both members are NULL and the result is 0.
 */
int credential_find(struct arena *arena, const char *file, const char *host, const char *repository,
	struct credential *credential);

/* Write down (or with USER_AND_PASSWORD NULL: forget) those of HOST; *PATH is where. */
int credential_keep(struct arena *arena, const char *file, const char *host,
	const char *user_and_password, const char **path);

#endif
