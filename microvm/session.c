/* SPDX-License-Identifier: Apache-2.0 */
#include "microvm/session.h"

#include <errno.h>
#include <string.h>

/* Up to WANTED bytes of TARGET, of which HAVE are there. */
static uint32_t take(
	void *target, uint32_t have, uint32_t wanted, const void *bytes, uint32_t length)
{
	uint32_t most = wanted - have;

	if (most > length)
		most = length;
	memcpy((char *)target + have, bytes, most);
	return most;
}

int session_read(struct session_reader *reader, const void *bytes, uint32_t length, int *complete)
{
	const uint32_t head = sizeof(reader->frame);
	uint32_t done = 0;

	*complete = 0;
	if (reader->have < head) {
		done = take(&reader->frame, reader->have, head, bytes, length);
		reader->have += done;
		if (reader->have < head)
			return (int)done;
		if (reader->frame.bytes > SESSION_BODY || !reader->frame.type ||
			reader->frame.type >= SESSION_TYPES ||
			reader->frame.process >= SESSION_PROCESSES)
			return -EPROTO;
	}
	length = take(reader->body, reader->have - head, reader->frame.bytes,
		(const char *)bytes + done, length - done);
	reader->have += length;
	if (reader->have == head + reader->frame.bytes) {
		*complete = 1;
		reader->have = 0;
	}
	return (int)(done + length);
}
