/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes: refused with a message, or a lock that is written in one form alone. */
#include "image/canonical.h"
#include "image/lock_file.h"

#include "tests/fuzz/fuzz.h"

static void check_compare(struct arena *arena, const struct json *document)
{
	_cleanup_buffer_ struct buffer lines = { 0 };

	FUZZ_NEED(canonical_compare(&lines, arena, document, document) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	_cleanup_arena_ struct arena arena = { 0 };
	_cleanup_buffer_ struct buffer once = { 0 }, twice = { 0 };
	const struct json *document;
	struct lock lock, again;
	int r;

	error_clear();
	r = lock_parse(&arena, "document", (const char *)bytes, length, &lock, &document);
	if (r < 0) {
		fuzz_check_message(r);
		return 0;
	}
	check_compare(&arena, document);
	lock_write(&once, &lock);
	FUZZ_NEED(lock_parse(&arena, "document", once.data, once.length, &again, NULL) == 0);
	FUZZ_NEED(!again.altered);
	lock_write(&twice, &again);
	FUZZ_NEED(once.length == twice.length && !memcmp(once.data, twice.data, once.length));
	return 0;
}
