/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes: refused with a message, or a tree that is whole and can be written again. */
#include "base/json.h"

#include "tests/fuzz/fuzz.h"

static void check_node(struct arena *arena, const struct json *node, size_t length)
{
	size_t count = 0;

	if (node->type == JSON_STRING) {
		_cleanup_buffer_ struct buffer quoted = { 0 };
		struct json *again;

		json_quote(&quoted, node->text);
		FUZZ_NEED(json_parse(arena, "document", quoted.data, quoted.length, &again) == 0);
		FUZZ_NEED(!strcmp(again->text, node->text));
	} else if (node->type == JSON_NUMBER) {
		uint64_t natural;
		int64_t integer;

		if (json_integer(node, &integer) == 0 && json_unsigned(node, &natural) == 0)
			FUZZ_NEED(integer >= 0 && (uint64_t)integer == natural);
	} else if (node->type == JSON_ARRAY || node->type == JSON_OBJECT) {
		FUZZ_NEED(node->begin < node->end && node->end <= length);
		json_for_each (member, node) {
			FUZZ_NEED(member->parent == node && member->index == count);
			FUZZ_NEED(!member->key == (node->type == JSON_ARRAY));
			count++;
			check_node(arena, member, length);
		}
		FUZZ_NEED(count == node->count);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	_cleanup_arena_ struct arena arena = { 0 };
	struct json *root;
	int r;

	error_clear();
	r = json_parse(&arena, "document", (const char *)bytes, length, &root);
	if (r < 0)
		fuzz_check_message(r);
	else
		check_node(&arena, root, length);
	return 0;
}
