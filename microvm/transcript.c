/* SPDX-License-Identifier: Apache-2.0 */
#include "microvm/transcript.h"

#include <string.h>

#include "base/file.h"

void transcript_add(void *context, const void *bytes, size_t length)
{
	struct transcript *transcript = context;
	size_t room;

	if (transcript->fd >= 0)
		(void)file_write_all(transcript->fd, bytes, length);
	if (length > TRANSCRIPT_BYTES) {
		bytes = (const char *)bytes + (length - TRANSCRIPT_BYTES);
		length = TRANSCRIPT_BYTES;
	}
	room = TRANSCRIPT_BYTES - transcript->length;
	if (length > room) {
		memmove(transcript->bytes, transcript->bytes + (length - room),
			transcript->length - (length - room));
		transcript->length -= length - room;
	}
	memcpy(transcript->bytes + transcript->length, bytes, length);
	transcript->length += length;
}

void transcript_tell(const struct transcript *transcript, char *text)
{
	size_t first = 0, out = 0;
	bool line = false;

	if (transcript->length > TRANSCRIPT_TEXT_BYTES / 2)
		first = transcript->length - TRANSCRIPT_TEXT_BYTES / 2;
	for (size_t i = first; i < transcript->length && out + 4 < TRANSCRIPT_TEXT_BYTES; i++) {
		char c = transcript->bytes[i];

		if (c == '\n') {
			line = out > 0;
			continue;
		}
		/* Nothing that would move a terminal's cursor or colour. */
		if (c < ' ' || c > '~')
			continue;
		if (line) {
			memcpy(text + out, " | ", 3);
			out += 3;
			line = false;
		}
		text[out++] = c;
	}
	text[out] = '\0';
}
