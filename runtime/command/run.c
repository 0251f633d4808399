/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/command/create_options.h"
#include "runtime/engine_code.h"
#include "runtime/run_container.h"

static const struct option options[] = {
	CREATE_OPTIONS,
	{ "detach", 'd', OPTION_FLAG, offsetof(struct create_options, detach), NULL,
		"return once the program runs" },
	{ "keep", 0, OPTION_FLAG, offsetof(struct create_options, keep), NULL,
		"do not delete the container when its program ends" },
	{ "engine-codes", 0, OPTION_FLAG, offsetof(struct create_options, engine_codes), NULL,
		ENGINE_CODES_HELP },
	{ 0 },
};

static int run_run(const struct invocation *invocation)
{
	const struct lifecycle_request request = { invocation->global, invocation->options, NULL };

	return run_container(&request, invocation->operands[0]);
}

const struct command command_run = {
	.name = "run",
	.synopsis = "[OPTIONS] ID",
	.summary = "create a container, start it, wait for its end and delete it",
	.options = options,
	.options_bytes = sizeof(struct create_options),
	.operands_least = 1,
	.operands_most = 1,
	.enters_container = true,
	.run = run_run,
	.of_status = "",
};
