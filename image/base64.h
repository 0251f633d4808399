/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_IMAGE_BASE64_H
#define HULL_IMAGE_BASE64_H

/* Base64 with padding (RFC 4648, section 4). */
#include "base/buffer.h"

/* Add what TEXT stands for; line feeds at its end do not count. -EINVAL without a message. */
int base64_decode(const char *text, struct buffer *bytes);

/* Add the text of LENGTH bytes. */
void base64_encode(const void *bytes, size_t length, struct buffer *text);

#endif
