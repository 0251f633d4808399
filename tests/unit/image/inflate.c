/* SPDX-License-Identifier: Apache-2.0 */
#include "image/inflate.h"

#include <errno.h>
#include <stdint.h>
#include <zlib.h>
#include <zstd.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/memory.h"
#include "tests/unit/test.h"

#define ROOM 1000u

struct flow {
	const struct buffer *in;
	size_t taken, step;
	struct buffer out;
};

static long get(void *context, const void **bytes)
{
	struct flow *flow = context;
	size_t left = flow->in->length - flow->taken;

	*bytes = flow->in->data + flow->taken;
	left = left < flow->step ? left : flow->step;
	flow->taken += left;
	return (long)left;
}

static char *room(void *context, size_t *size)
{
	struct flow *flow = context;

	*size = ROOM;
	return buffer_reserve(&flow->out, ROOM);
}

static int put(void *context, size_t length)
{
	struct flow *flow = context;

	flow->out.length += length;
	return 0;
}

static int inflate_buffer(const struct buffer *in, size_t step, struct flow *flow)
{
	const struct inflate_ends ends = { get, room, put, flow };

	error_clear();
	*flow = (struct flow){ .in = in, .step = step };
	return inflate_all(&ends);
}

static void add_gzip(struct buffer *into, const void *bytes, size_t length)
{
	z_stream stream = { 0 };

	NEED(deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK);
	stream.next_in = (Bytef *)(uintptr_t)bytes;
	stream.avail_in = (uInt)length;
	stream.avail_out = (uInt)deflateBound(&stream, length) + 64;
	stream.next_out = (Bytef *)buffer_reserve(into, stream.avail_out);
	NEED(deflate(&stream, Z_FINISH) == Z_STREAM_END);
	into->length += stream.total_out;
	(void)deflateEnd(&stream);
}

static void add_zstd(struct buffer *into, const void *bytes, size_t length)
{
	size_t most = ZSTD_compressBound(length);

	into->length += ZSTD_compress(buffer_reserve(into, most), most, bytes, length, 3);
}

static void make_plain(struct buffer *plain)
{
	for (unsigned int i = 0; i < 20000; i++)
		buffer_format(plain, "%u %u\n", i, i * 2654435761u);
}

static void check_same(const char *name, const struct buffer *in, const struct buffer *wanted)
{
	static const size_t steps[] = { 1, 7, 1000, 1u << 20 };

	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		struct flow flow;
		int r = inflate_buffer(in, steps[i], &flow);

		CHECK(r == 0 && flow.out.length == wanted->length &&
				(!wanted->length ||
					!memcmp(flow.out.data, wanted->data, wanted->length)),
			"%s in pieces of %zu: %zu of %zu bytes, %s", name, steps[i],
			flow.out.length, wanted->length, error_text(r));
		buffer_free(&flow.out);
	}
}

static void check_refused(const char *name, const struct buffer *in, const char *why)
{
	struct flow flow;
	int r = inflate_buffer(in, 1000, &flow);

	CHECK(r == -EBADMSG && strstr(error_text(r), why), "%s is refused: %s", name,
		error_text(r));
	buffer_free(&flow.out);
}

int main(void)
{
	_cleanup_buffer_ struct buffer plain = { 0 }, in = { 0 };
	size_t half;

	make_plain(&plain);
	half = plain.length / 2;
	check_same("plain", &plain, &plain);
	add_gzip(&in, plain.data, plain.length);
	check_same("gzip", &in, &plain);
	in.length /= 2;
	check_refused("half of a gzip", &in, "cut off");
	in.length *= 2;
	in.data[in.length / 2] ^= 0x55;
	check_refused("a damaged gzip", &in, "damaged");
	in.length = 0;
	add_gzip(&in, plain.data, half);
	add_gzip(&in, plain.data + half, plain.length - half);
	check_same("two gzips", &in, &plain);
	buffer_bytes(&in, "\0\0\0\0\0\0\0\0\0\0", 10);
	check_same("two gzips and padding", &in, &plain);
	in.data[in.length - 15] ^= 1;
	check_refused("a wrong CRC", &in, "damaged");
	in.length = 0;
	add_zstd(&in, plain.data, half);
	buffer_bytes(&in, "\x50\x2a\x4d\x18\4\0\0\0skip", 12);
	add_zstd(&in, plain.data + half, plain.length - half);
	check_same("zstd frames", &in, &plain);
	in.length -= 3;
	check_refused("zstd that is cut off", &in, "cut off");
	in.data[100] ^= 0x55;
	check_refused("damaged zstd", &in, "zstd");
	in.length = 0;
	buffer_bytes(&in,
		"\xfd"
		"7zXZ\0more",
		10);
	check_refused("xz", &in, "xz");
	in.length = plain.length = 0;
	check_same("nothing", &in, &plain);
	return test_end();
}
