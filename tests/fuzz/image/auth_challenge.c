/* SPDX-License-Identifier: Apache-2.0 */
/* Any WWW-Authenticate: refused, or challenges whose texts are whole. */
#include "image/challenge.h"

#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	_cleanup_arena_ struct arena arena = { 0 };
	const char *text = arena_copy(&arena, (const char *)bytes, length);
	struct challenge *challenges;
	size_t count, whole = 0;

	if (challenge_parse(&arena, text, &challenges, &count) < 0)
		return 0;
	FUZZ_NEED(count > 0);
	for (size_t i = 0; i < count; i++) {
		whole += challenges[i].realm ? strlen(challenges[i].realm) : 0;
		whole += challenges[i].service ? strlen(challenges[i].service) : 0;
		whole += challenges[i].scope ? strlen(challenges[i].scope) : 0;
	}
	FUZZ_NEED(whole <= length);
	return 0;
}
