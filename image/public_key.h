/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_IMAGE_PUBLIC_KEY_H
#define HULL_IMAGE_PUBLIC_KEY_H

/* Public keys and what they have signed, through libcrypto: ECDSA, RSA (PKCS #1) and Ed25519. */
#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"

struct public_key;

/* From PEM (SubjectPublicKeyInfo). -EINVAL with a message that begins with NAME. */
int public_key_parse(
	const char *name, const char *pem, size_t length, struct public_key **public_key);
void public_key_free(struct public_key **public_key);

#define _cleanup_public_key_ __attribute__((cleanup(public_key_free)))

/* Is it a signature of BYTES by that key? Over their SHA-256, but for Ed25519. */
bool public_key_verify(const struct public_key *public_key, const struct buffer *signature,
	const void *bytes, size_t length);

#endif
