/* SPDX-License-Identifier: Apache-2.0 */
#include "base/memory.h"
#include "image/command/commands.h"
#include "image/command/run_image.h"
#include "image/launch.h"

static const struct option options[] = { RUN_OPTIONS(0), { 0 } };

static int shell_run(const struct invocation *invocation)
{
	/* The image's sh knows best whether there is a bash. */
	static char *command[] = { "sh", "-c",
		"if command -v bash >/dev/null; then exec bash; fi; exec sh" };
	struct run_options wanted = *(const struct run_options *)invocation->options;

	if (!wanted.entrypoint)
		wanted.entrypoint = "";
	return run_image(invocation, &wanted, command, ARRAY_SIZE(command));
}

const struct command command_shell = {
	.name = "shell",
	.synopsis = "[OPTIONS] IMAGE",
	.summary = "run a shell in a container of an image",
	.options = options,
	.options_bytes = sizeof(struct run_options),
	.operands_least = 1,
	.operands_most = 1,
	.run = shell_run,
	.failure_code = LAUNCH_FAILED,
	.usage_code = LAUNCH_FAILED,
};
