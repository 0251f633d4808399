/* SPDX-License-Identifier: Apache-2.0 */
#include "image/base64.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

int base64_decode(const char *text, struct buffer *bytes)
{
	size_t length = strlen(text), padding = 0;

	while (length && strchr("\r\n", text[length - 1]))
		length--;
	if (!length || length % 4)
		return -EINVAL;
	while (padding < 2 && text[length - 1 - padding] == '=')
		padding++;
	for (size_t at = 0; at < length; at += 4) {
		size_t missing = at + 4 == length ? padding : 0;
		uint32_t word = 0;

		for (size_t i = 0; i < 4; i++) {
			const char *letter =
				i < 4 - missing ? strchr(letters, text[at + i]) : letters;

			if (!letter)
				return -EINVAL;
			word = word << 6 | (uint32_t)(letter - letters);
		}
		buffer_bytes(bytes,
			(const char[]){ (char)(word >> 16), (char)(word >> 8), (char)word },
			3 - missing);
	}
	return 0;
}

void base64_encode(const void *bytes, size_t length, struct buffer *text)
{
	const unsigned char *from = bytes;

	for (size_t at = 0; at < length; at += 3) {
		size_t count = length - at < 3 ? length - at : 3;
		uint32_t word = (uint32_t)from[at] << 16;
		char four[4];

		if (count > 1)
			word |= (uint32_t)from[at + 1] << 8;
		if (count > 2)
			word |= from[at + 2];
		for (size_t i = 0; i < 4; i++)
			four[i] = (char)(i <= count ? letters[word >> (18 - 6 * i) & 63] : '=');
		buffer_bytes(text, four, 4);
	}
}
