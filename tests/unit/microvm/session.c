/* SPDX-License-Identifier: Apache-2.0 */
/* Frames of the session with the guest, in pieces of every size. */
#include "microvm/session.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/unit/test.h"

static struct session_reader reader;

static void test_pieces(uint32_t piece)
{
	const struct session_frame frame = { 5, SESSION_OUTPUT, 3 };
	char bytes[2 * (sizeof(frame) + 5)];
	unsigned int frames = 0;

	for (int i = 0; i < 2; i++) {
		memcpy(bytes + (size_t)i * (sizeof(frame) + 5), &frame, sizeof(frame));
		memcpy(bytes + (size_t)i * (sizeof(frame) + 5) + sizeof(frame), "hello", 5);
	}
	for (uint32_t done = 0; done < sizeof(bytes);) {
		uint32_t length =
			sizeof(bytes) - done < piece ? (uint32_t)sizeof(bytes) - done : piece;
		int complete, r = session_read(&reader, bytes + done, length, &complete);

		NEED(r > 0);
		done += (uint32_t)r;
		frames += complete && !memcmp(reader.body, "hello", 5);
	}
	CHECK(frames == 2, "two frames in pieces of %u", piece);
}

static void test_refused(void)
{
	static const struct session_frame frames[] = {
		{ SESSION_BODY + 1, SESSION_OUTPUT, 0 },
		{ 0, 0, 0 },
		{ 0, SESSION_TYPES, 0 },
		{ 0, SESSION_OUTPUT, SESSION_PROCESSES },
	};

	for (size_t i = 0; i < sizeof(frames) / sizeof(frames[0]); i++) {
		int complete;

		reader.have = 0;
		CHECK(session_read(&reader, &frames[i], sizeof(frames[i]), &complete) == -EPROTO,
			"refused: frame %zu", i);
	}
}

int main(void)
{
	for (uint32_t piece = 1; piece < 27; piece++)
		test_pieces(piece);
	test_refused();
	return test_end();
}
