/* SPDX-License-Identifier: Apache-2.0 */
/* A compressed layer from a registry that is not to be trusted. */
#include "base/memory.h"
#include "image/inflate.h"
#include "tests/fuzz/fuzz.h"

#define OUT_MOST (1u << 20)

struct flow {
	const uint8_t *bytes;
	size_t left, step, written;
	char room[5000];
};

static long get(void *context, const void **bytes)
{
	struct flow *flow = context;
	size_t part = flow->left < flow->step ? flow->left : flow->step;

	*bytes = flow->bytes;
	flow->bytes += part;
	flow->left -= part;
	return (long)part;
}

static char *room(void *context, size_t *size)
{
	struct flow *flow = context;

	*size = sizeof(flow->room);
	return flow->written > OUT_MOST ? NULL : flow->room;
}

static int put(void *context, size_t length)
{
	struct flow *flow = context;

	FUZZ_NEED(length && length <= sizeof(flow->room));
	flow->written += length;
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	struct flow flow = { .bytes = bytes, .left = length, .step = 113 };
	const struct inflate_ends ends = { get, room, put, &flow };
	int r = inflate_all(&ends);

	FUZZ_NEED(r == 0 || r == -EBADMSG || r == -ECANCELED);
	if (r == -EBADMSG)
		FUZZ_NEED(error_text(r)[0] && !strpbrk(error_text(r), "\n\r"));
	error_clear();
	return 0;
}
