/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_IMAGE_POLICY_H
#define HULL_IMAGE_POLICY_H

/*
 * Whose signature an image needs: containers-policy.json(5). Of its requirements these
 * are known: insecureAcceptAnything, reject, sigstoreSigned by keys, and signedBy. An image for
 * which another one stands in the file is refused: nothing counts as signed that was
 * not checked.
 */
#include <stdbool.h>
#include <stddef.h>

#include "base/memory.h"
#include "image/reference.h"

enum policy_kind { POLICY_ACCEPT, POLICY_REJECT, POLICY_SIGSTORE, POLICY_GPG };

/* Which name a signature must give the image (signedIdentity). */
enum policy_identity {
	POLICY_REPOSITORY_DIGEST_OR_EXACT, /* the default */
	POLICY_EXACT,
	POLICY_REPOSITORY,
	POLICY_EXACT_REFERENCE,
	POLICY_EXACT_REPOSITORY,
	POLICY_REMAP,
};

struct policy_key {
	const char *name; /* its file, or "keyData" */
	const char *pem;  /* of POLICY_GPG: a keyring */
	size_t length;
};

struct policy_requirement {
	enum policy_kind kind;
	/* Of POLICY_SIGSTORE and POLICY_GPG: one of the keys is enough. */
	struct policy_key *keys;
	size_t key_count;
	enum policy_identity identity;
	const char *identity_name;    /* dockerReference, dockerRepository or prefix */
	const char *identity_instead; /* signedPrefix */
};

struct policy {
	const char *path;  /* NULL: no file, everything is accepted */
	const char *scope; /* "default", "docker: ghcr.io/lab": where the requirements stand */
	struct policy_requirement *requirements; /* all must hold */
	size_t count;
};

/*
 * What PATH, or (NULL) ~/.config/containers/policy.json, else
 * /etc/containers/policy.json, says of the image. Negative errno with a message.
 */
int policy_find(struct arena *arena, const char *path, const struct reference *reference,
	struct policy *policy);

/* Does a signature that names the image TEXT fit to REFERENCE? */
bool policy_identity_fits(const struct policy_requirement *requirement,
	const struct reference *reference, const char *text);

#endif
