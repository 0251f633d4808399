/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "runtime/completion/completion.h"

static const struct option options[] = { { 0 } };

static const struct {
	const char *name;
	void (*print)(const struct completion *completion);
} shells[] = {
	{ "bash", completion_print_bash },
	{ "zsh", completion_print_zsh },
	{ "fish", completion_print_fish },
};

static int completion_run(const struct invocation *invocation)
{
	const struct completion completion = { invocation->commands, invocation->global_table };

	for (size_t i = 0; i < ARRAY_SIZE(shells); i++)
		if (!strcmp(shells[i].name, invocation->operands[0])) {
			shells[i].print(&completion);
			return 0;
		}
	return error_set(EINVAL, "completion: must be bash, zsh or fish, got \"%s\"",
		invocation->operands[0]);
}

const struct command command_completion = {
	.name = "completion",
	.synopsis = "SHELL",
	.summary = "print what completes hull's command line in bash, zsh or fish",
	.options = options,
	.operands_least = 1,
	.operands_most = 1,
	.run = completion_run,
	.hidden = true,
};
