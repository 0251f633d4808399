/* SPDX-License-Identifier: Apache-2.0 */
#include "image/deflate.h"

#include <errno.h>
#include <unistd.h>
#include <zlib.h>

#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"

#define CHUNK_BYTES  ((size_t)256 << 10)
#define LEVEL	     6
#define GZIP_WINDOW  (15 + 16) /* zlib: 16 for gzip's header in place of zlib's */
#define MEMORY_LEVEL 8

struct deflation {
	z_stream stream;
	struct digest_stream *digest;
	int to;
	uint64_t size;
	unsigned char in[CHUNK_BYTES], out[CHUNK_BYTES];
};

/* All that the input makes; FLUSH ends the stream. */
static int drain(struct deflation *deflation, int flush)
{
	do {
		size_t length;
		int r;

		deflation->stream.next_out = deflation->out;
		deflation->stream.avail_out = CHUNK_BYTES;
		(void)deflate(&deflation->stream, flush);
		length = CHUNK_BYTES - deflation->stream.avail_out;
		r = file_write_all(deflation->to, deflation->out, length);
		if (r < 0)
			return error_errno(r, "write a temporary file");
		digest_update(deflation->digest, deflation->out, length);
		deflation->size += length;
	} while (deflation->stream.avail_out == 0);
	return 0;
}

static int deflate_all(struct deflation *deflation, int from, uint64_t size)
{
	uint64_t at = 0;
	int r = 0;

	while (r >= 0 && at < size) {
		ssize_t n = pread(from, deflation->in,
			size - at < CHUNK_BYTES ? (size_t)(size - at) : CHUNK_BYTES, (off_t)at);

		if (n <= 0)
			return error_errno(n < 0 ? errno : EIO, "read a layer");
		at += (uint64_t)n;
		deflation->stream.next_in = deflation->in;
		deflation->stream.avail_in = (unsigned int)n;
		r = drain(deflation, Z_NO_FLUSH);
	}
	return r < 0 ? r : drain(deflation, Z_FINISH);
}

int deflate_file(int from, uint64_t size, int to, struct descriptor *out)
{
	struct deflation *deflation = memory_allocate_zero(sizeof(*deflation));
	int r = -ENOMEM;

	deflation->to = to;
	deflation->digest = digest_begin();
	if (deflateInit2(&deflation->stream, LEVEL, Z_DEFLATED, GZIP_WINDOW, MEMORY_LEVEL,
		    Z_DEFAULT_STRATEGY) == Z_OK)
		r = deflate_all(deflation, from, size);
	(void)deflateEnd(&deflation->stream);
	digest_end(deflation->digest, &out->digest);
	out->size = deflation->size;
	memory_free_pointer(&deflation);
	return r;
}
