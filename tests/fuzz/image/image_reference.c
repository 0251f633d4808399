/* SPDX-License-Identifier: Apache-2.0 */
/* Any name of an image: refused with a message, or whole: parsed again it is the same. */
#include "image/reference.h"

#include "tests/fuzz/fuzz.h"

static void check(struct arena *arena, const char *text, enum transport without)
{
	struct reference reference, again;
	int r = reference_parse(arena, text, without, &reference);

	if (r < 0) {
		FUZZ_NEED(r == -EINVAL);
		FUZZ_NEED(!strncmp(error_text(r), "image name ", 11));
		return;
	}
	FUZZ_NEED(reference.text && (reference.path || reference.name));
	FUZZ_NEED(!reference.host || (reference.tag || reference.digest));
	/* A whole name that looks like a mistyped transport needs docker:// in front. */
	if (reference.transport == TRANSPORT_REGISTRY)
		text = arena_format(arena, "docker://%s", reference.text);
	else
		text = reference.text;
	FUZZ_NEED(reference_parse(arena, text, without, &again) == 0);
	FUZZ_NEED(again.transport == reference.transport && !strcmp(again.text, reference.text));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	_cleanup_arena_ struct arena arena = { 0 };
	const char *text = arena_copy(&arena, (const char *)bytes, length);

	error_clear();
	check(&arena, text, TRANSPORT_REGISTRY);
	check(&arena, text, TRANSPORT_STORE);
	return 0;
}
