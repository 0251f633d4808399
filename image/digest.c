/* SPDX-License-Identifier: Apache-2.0 */
#include "image/digest.h"

#include <errno.h>
/* The plain functions, linked statically: EVP's would load and set up all of libcrypto. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/memory.h"

#define READ_BYTES (1u << 18)

struct digest_stream {
	SHA256_CTX context;
};

int digest_parse(const char *text, struct digest *digest)
{
	const char *hex = strchr(text, ':');

	*digest = (struct digest){ 0 };
	if (hex && strncmp(text, "sha256:", 7) != 0)
		return error_set(EINVAL, "digest \"%s\": only sha256 is supported", text);
	if (!hex || strlen(hex + 1) != DIGEST_HEX ||
		strspn(hex + 1, "0123456789abcdef") != DIGEST_HEX)
		return error_set(EINVAL,
			"digest \"%s\": must be \"sha256:\" and 64 hexadecimal digits", text);
	memcpy(digest->hex, hex + 1, DIGEST_HEX);
	return 0;
}

bool digest_is_set(const struct digest *digest)
{
	return digest->hex[0];
}

bool digest_equal(const struct digest *a, const struct digest *b)
{
	return !strcmp(a->hex, b->hex);
}

const char *digest_text(const struct digest *digest, char text[DIGEST_TEXT])
{
	(void)snprintf(text, DIGEST_TEXT, "sha256:%s", digest->hex);
	return text;
}

struct digest_stream *digest_begin(void)
{
	struct digest_stream *stream = memory_allocate_zero(sizeof(*stream));

	(void)SHA256_Init(&stream->context);
	return stream;
}

void digest_update(struct digest_stream *stream, const void *bytes, size_t length)
{
	(void)SHA256_Update(&stream->context, bytes, length);
}

void digest_end(struct digest_stream *stream, struct digest *digest)
{
	static const char digits[] = "0123456789abcdef";
	unsigned char bytes[SHA256_DIGEST_LENGTH];

	(void)SHA256_Final(bytes, &stream->context);
	for (size_t i = 0; i < sizeof(bytes); i++) {
		digest->hex[2 * i] = digits[bytes[i] >> 4];
		digest->hex[2 * i + 1] = digits[bytes[i] & 15];
	}
	digest->hex[DIGEST_HEX] = '\0';
	digest_free(&stream);
}

void digest_free(struct digest_stream **stream)
{
	memory_free_pointer(stream);
}

void digest_of(const void *bytes, size_t length, struct digest *digest)
{
	struct digest_stream *stream = digest_begin();

	digest_update(stream, bytes, length);
	digest_end(stream, digest);
}

int digest_of_file(int fd, struct digest *digest)
{
	_cleanup_digest_ struct digest_stream *stream = digest_begin();
	_cleanup_free_ char *bytes = memory_allocate(READ_BYTES);
	off_t offset = 0;

	for (;;) {
		ssize_t length = pread(fd, bytes, READ_BYTES, offset);

		if (length < 0 && errno == EINTR)
			continue;
		if (length < 0)
			return -errno;
		if (length == 0)
			break;
		digest_update(stream, bytes, (size_t)length);
		offset += length;
	}
	digest_end(stream, digest);
	stream = NULL;
	return 0;
}
