/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_IMAGE_DIGEST_H
#define HULL_IMAGE_DIGEST_H

/*
 * Content digests (OCI image-spec 1.1, descriptor.md "Digests"): SHA-256 alone,
 * which is what every registry and tool writes. Streaming, through libcrypto.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DIGEST_HEX  64
#define DIGEST_TEXT (sizeof("sha256:") + DIGEST_HEX) /* with its NUL */

/* As it is written: 64 lower-case hexadecimal digits; "" stands for none. */
struct digest {
	char hex[DIGEST_HEX + 1];
};

/* What a manifest says of a blob: OCI descriptor, as far as storing needs it. */
struct descriptor {
	const char *media_type; /* may be NULL where nobody asks */
	struct digest digest;
	uint64_t size; /* bytes */
};

/*
 * "sha256:HEX" and nothing behind it. -EINVAL with a message that quotes TEXT;
 * another algorithm is named as not supported.
 */
int digest_parse(const char *text, struct digest *digest);

bool digest_is_set(const struct digest *digest);
bool digest_equal(const struct digest *a, const struct digest *b);

/* "sha256:HEX" into TEXT, which is returned. */
const char *digest_text(const struct digest *digest, char text[DIGEST_TEXT]);

/* DIGEST_SHOW(&digest): the text in a compound literal that lives as long as the block. */
#define DIGEST_SHOW(digest_) digest_text((digest_), (char[DIGEST_TEXT]){ 0 })

struct digest_stream;

struct digest_stream *digest_begin(void);
void digest_update(struct digest_stream *stream, const void *bytes, size_t length);
/* The digest of all that came; frees the stream. */
void digest_end(struct digest_stream *stream, struct digest *digest);
void digest_free(struct digest_stream **stream);

#define _cleanup_digest_ __attribute__((cleanup(digest_free)))

/* Of bytes in memory, and of a file from its first byte (0 or a negative errno, no message). */
void digest_of(const void *bytes, size_t length, struct digest *digest);
int digest_of_file(int fd, struct digest *digest);

#endif
