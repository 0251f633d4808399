/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_IMAGE_CREDENTIAL_HELPER_H
#define HULL_IMAGE_CREDENTIAL_HELPER_H

/* The programs docker-credential-NAME of PATH, which keep passwords elsewhere than in a file. */
#include "image/credential.h"

/*
 * Ask for those of SERVER. One that has none leaves CREDENTIAL as it is; one that
 * cannot be run or says nonsense is a negative errno with a message.
 */
int credential_helper_get(
	struct arena *arena, const char *name, const char *server, struct credential *credential);

#endif
