/* SPDX-License-Identifier: Apache-2.0 */
/* The document of `hull exec --process`. */
#include "spec/config.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	_cleanup_arena_ struct arena arena = { 0 };
	struct config_process *process;
	int r;

	error_clear();
	r = config_parse_process(&arena, "document", (const char *)bytes, length, &process);
	if (r < 0) {
		fuzz_check_message(r);
		return 0;
	}
	FUZZ_NEED(process->cwd[0] == '/' && process->args.count &&
		  !process->args.items[process->args.count]);
	for (size_t i = 0; i < process->rlimits.count; i++)
		FUZZ_NEED(process->rlimits.items[i].soft <= process->rlimits.items[i].hard);
	if (process->user)
		FUZZ_NEED(process->user->uid < UINT32_MAX && process->user->gid < UINT32_MAX);
	return 0;
}
