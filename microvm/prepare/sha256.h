/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_MICROVM_PREPARE_SHA256_H
#define HULL_MICROVM_PREPARE_SHA256_H

/* SHA-256 (FIPS 180-4), for the names of what is cached: the monitor links no library for it. */
#include <stddef.h>

#define SHA256_TEXT_BYTES 65

/* The digest of LENGTH bytes as hexadecimal digits. */
void sha256_text(const void *bytes, size_t length, char *text);

#endif
