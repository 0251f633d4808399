/* SPDX-License-Identifier: Apache-2.0 */
/* The document of `hull update --resources`. */
#include "spec/config.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	_cleanup_arena_ struct arena arena = { 0 };
	struct config_resources *resources;
	int r;

	error_clear();
	r = config_parse_resources(&arena, "document", (const char *)bytes, length, &resources);
	if (r < 0) {
		fuzz_check_message(r);
		return 0;
	}
	/* Keys become names of files in the cgroup. */
	for (size_t i = 0; i < resources->unified.count; i++)
		FUZZ_NEED(!strchr(resources->unified.items[i].key, '/'));
	for (size_t i = 0; i < resources->hugepage_limits.count; i++)
		FUZZ_NEED(!strchr(resources->hugepage_limits.items[i].page_size, '/'));
	if (resources->memory)
		FUZZ_NEED(resources->memory->limit.value >= -1);
	return 0;
}
