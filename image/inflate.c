/* SPDX-License-Identifier: Apache-2.0 */
#include "image/inflate.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/memory.h"
#include "image/inflate_gzip.h"

#define MAGIC_BYTES	4u
#define WINDOW_LOG_MOST 27 /* 128 MiB, what `zstd -d` accepts without being told */

/* The beginning has to be looked at before anybody takes it. */
struct source {
	const struct inflate_ends *ends;
	struct buffer first;
	bool first_taken;
};

static long source_get(struct source *source, const void **bytes)
{
	if (!source->first_taken) {
		source->first_taken = true;
		if (source->first.length) {
			*bytes = source->first.data;
			return (long)source->first.length;
		}
	}
	return source->ends->get(source->ends->context, bytes);
}

static int look(struct source *source)
{
	while (source->first.length < MAGIC_BYTES) {
		const void *bytes;
		long length = source->ends->get(source->ends->context, &bytes);

		if (length < 0)
			return (int)length;
		if (length == 0)
			break;
		buffer_bytes(&source->first, bytes, (size_t)length);
	}
	return 0;
}

static int copy_plain(struct source *source)
{
	const struct inflate_ends *ends = source->ends;

	for (;;) {
		const char *bytes;
		long length = source_get(source, (const void **)&bytes);
		int r = 0;

		if (length <= 0)
			return (int)length;
		while (r >= 0 && length > 0) {
			size_t size;
			char *room = ends->room(ends->context, &size);

			if (!room)
				return -ECANCELED;
			size = (size_t)length < size ? (size_t)length : size;
			memcpy(room, bytes, size);
			bytes += size;
			length -= (long)size;
			r = ends->put(ends->context, size);
		}
		if (r < 0)
			return r;
	}
}

/* Frames one behind the other; those to be skipped, with zstd:chunked's table, are skipped. */
static int zstd_piece(
	const struct inflate_ends *ends, ZSTD_DStream *stream, ZSTD_inBuffer *in, size_t *wanted)
{
	bool full = false;

	while (in->pos < in->size || full) {
		ZSTD_outBuffer out = { 0 };
		int r;

		out.dst = ends->room(ends->context, &out.size);
		if (!out.dst)
			return -ECANCELED;
		*wanted = ZSTD_decompressStream(stream, &out, in);
		if (ZSTD_isError(*wanted))
			return error_set(
				EBADMSG, "damaged zstd data: %s", ZSTD_getErrorName(*wanted));
		full = out.pos == out.size;
		r = out.pos ? ends->put(ends->context, out.pos) : 0;
		if (r < 0)
			return r;
	}
	return 0;
}

static void zstd_free(ZSTD_DStream **stream)
{
	(void)ZSTD_freeDStream(*stream);
}

static int inflate_zstd(struct source *source)
{
	__attribute__((cleanup(zstd_free))) ZSTD_DStream *stream = ZSTD_createDStream();
	size_t wanted = 1;

	if (!stream || ZSTD_isError(ZSTD_initDStream(stream)))
		return error_set(ENOMEM, "libzstd has no memory");
	(void)ZSTD_DCtx_setParameter(stream, ZSTD_d_windowLogMax, WINDOW_LOG_MOST);
	for (;;) {
		ZSTD_inBuffer in = { 0 };
		long length = source_get(source, &in.src);
		int r;

		if (length < 0)
			return (int)length;
		if (length == 0)
			return wanted ? error_set(EBADMSG, "the zstd data are cut off") : 0;
		in.size = (size_t)length;
		r = zstd_piece(source->ends, stream, &in, &wanted);
		if (r < 0)
			return r;
	}
}

static long gzip_get(void *context, const void **bytes)
{
	return source_get(context, bytes);
}

int inflate_all(const struct inflate_ends *ends)
{
	static const unsigned char zstd_magic[] = { 0x28, 0xb5, 0x2f, 0xfd };
	struct source source = { .ends = ends };
	const char *first;
	int r = look(&source);

	first = source.first.data;
	if (r < 0)
		;
	else if (source.first.length >= 2 && !memcmp(first, "\x1f\x8b", 2))
		r = inflate_gzip(ends, gzip_get, &source);
	else if (source.first.length >= 4 &&
		 (!memcmp(first, zstd_magic, 4) ||
			 ((first[0] & 0xf0) == 0x50 && !memcmp(first + 1, "\x2a\x4d\x18", 3))))
		r = inflate_zstd(&source);
	else if (source.first.length >= 3 && !memcmp(first, "BZh", 3))
		r = error_set(EBADMSG, "compressed by bzip2, which layers never are");
	else if (source.first.length >= 4 && !memcmp(first,
						     "\xfd"
						     "7zX",
						     4))
		r = error_set(EBADMSG, "compressed by xz, which layers never are");
	else
		r = copy_plain(&source);
	buffer_free(&source.first);
	return r;
}
