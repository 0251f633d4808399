/* SPDX-License-Identifier: Apache-2.0 */
#include "image/inflate_gzip.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"

/*
 * One decoder, two libraries: bytes in, bytes out, and whether a member ended. Those that
 * it did not take stand at IN.
 */
enum step { STEP_MORE, STEP_MEMBER, STEP_BAD };

#ifdef HAVE_ISAL
#include <isa-l.h>

struct decoder {
	struct inflate_state state;
	bool begun;
};

static void decoder_begin(struct decoder *decoder)
{
	isal_inflate_init(&decoder->state);
	decoder->state.crc_flag = ISAL_GZIP;
}

static enum step decoder_step(struct decoder *decoder, const uint8_t **in, size_t *in_length,
	char *out, size_t *out_length)
{
	struct inflate_state *state = &decoder->state;
	uint32_t room = *out_length > UINT32_MAX ? UINT32_MAX : (uint32_t)*out_length;
	int r;

	state->next_in = (uint8_t *)*in;
	state->avail_in = (uint32_t)*in_length;
	state->next_out = (uint8_t *)out;
	state->avail_out = room;
	r = isal_inflate(state);
	*in = state->next_in;
	*in_length = state->avail_in;
	*out_length = room - state->avail_out;
	if (r != ISAL_DECOMP_OK && r != ISAL_END_INPUT)
		return STEP_BAD;
	return state->block_state == ISAL_BLOCK_FINISH ? STEP_MEMBER : STEP_MORE;
}

static void decoder_free(struct decoder *decoder)
{
	(void)decoder;
}
#else
#include <zlib.h>

struct decoder {
	z_stream stream;
	bool begun;
};

#define GZIP_WINDOW (15 + 16) /* the largest, with gzip's header and CRC */

static void decoder_begin(struct decoder *decoder)
{
	if (decoder->begun)
		(void)inflateReset(&decoder->stream);
	else
		decoder->begun = inflateInit2(&decoder->stream, GZIP_WINDOW) == Z_OK;
}

static enum step decoder_step(struct decoder *decoder, const uint8_t **in, size_t *in_length,
	char *out, size_t *out_length)
{
	z_stream *stream = &decoder->stream;
	int r;

	if (!decoder->begun)
		return STEP_BAD;
	stream->next_in = (Bytef *)*in;
	stream->avail_in = (uInt)*in_length;
	stream->next_out = (Bytef *)out;
	stream->avail_out = (uInt)*out_length;
	r = inflate(stream, Z_NO_FLUSH);
	*in = stream->next_in;
	*in_length = stream->avail_in;
	*out_length -= stream->avail_out;
	if (r != Z_OK && r != Z_STREAM_END && r != Z_BUF_ERROR)
		return STEP_BAD;
	return r == Z_STREAM_END ? STEP_MEMBER : STEP_MORE;
}

static void decoder_free(struct decoder *decoder)
{
	if (decoder->begun)
		(void)inflateEnd(&decoder->stream);
}
#endif

struct gzip {
	const struct inflate_ends *ends;
	struct decoder decoder;
	bool in_member, behind_last;
};

/* Zeros behind the last member are a tape's padding, all else there is ignored as gzip(1) does. */
static void next_member(struct gzip *gzip, const uint8_t *in, size_t length)
{
	if (length && in[0] != 0x1f) {
		gzip->behind_last = true;
		return;
	}
	decoder_begin(&gzip->decoder);
	gzip->in_member = true;
}

static int gzip_piece(struct gzip *gzip, const uint8_t *in, size_t length)
{
	const struct inflate_ends *ends = gzip->ends;
	bool full = false;

	while ((length || full) && !gzip->behind_last) {
		enum step step;
		size_t size;
		char *room;
		int r;

		if (!gzip->in_member) {
			full = false;
			next_member(gzip, in, length);
			continue;
		}
		room = ends->room(ends->context, &size);
		if (!room)
			return -ECANCELED;
		r = (int)size;
		step = decoder_step(&gzip->decoder, &in, &length, room, &size);
		if (step == STEP_BAD)
			return error_set(EBADMSG, "damaged gzip data");
		full = size == (size_t)r && step == STEP_MORE;
		gzip->in_member = step == STEP_MORE;
		r = size ? ends->put(ends->context, size) : 0;
		if (r < 0)
			return r;
	}
	return 0;
}

static void gzip_free(struct gzip **gzip)
{
	decoder_free(&(*gzip)->decoder);
	memory_free_pointer(gzip);
}

int inflate_gzip(const struct inflate_ends *ends, long (*get)(void *context, const void **bytes),
	void *context)
{
	__attribute__((cleanup(gzip_free))) struct gzip *gzip = memory_allocate_zero(sizeof(*gzip));

	gzip->ends = ends;
	for (;;) {
		const void *bytes;
		long length = get(context, &bytes);
		int r;

		if (length < 0)
			return (int)length;
		if (length == 0)
			return gzip->in_member ? error_set(EBADMSG, "the gzip data are cut off")
					       : 0;
		r = gzip_piece(gzip, bytes, (size_t)length);
		if (r < 0)
			return r;
	}
}
