/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_IMAGE_GPG_H
#define HULL_IMAGE_GPG_H

/* Messages signed with OpenPGP, checked by the program gpgv (Debian: gpgv). */
#include "base/buffer.h"

/*
 * Has exactly one key signed the message, one of the keyring (as `gpg --export` writes it, with or
 * without --armor), and is it neither revoked nor expired? 1, and TEXT is what was signed; 0: no. A
 * negative errno with a message when there is no gpgv.
 */
int gpg_verify(
	const char *keyring, size_t length, const struct buffer *message, struct buffer *text);

#endif
