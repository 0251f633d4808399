/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "image/command/commands.h"
#include "image/command/run_image.h"
#include "image/launch.h"
#include "image/single.h"

static const struct option options[] = {
	RUN_OPTIONS(0),
	RUN_OPTION(0, detach, FLAG, "detach", 'd', NULL,
		"return once the program runs, and print the container's name"),
	RUN_OPTION(0, record, TEXT, "record", 0, "FILE",
		"write down what ran, from and to which bytes, as an RO-Crate; see `rerun`"),
	RUN_OPTION(0, locked, FLAG, "locked", 0, NULL,
		"run exactly what a lock file says, without a network; IMAGE is the file "
		"(default: hull.lock)"),
	{ 0 },
};

/* No name of a registry begins so, or ends so. */
static bool names_file(const char *text)
{
	size_t length = strlen(text);

	return *text == '/' || !strncmp(text, "./", 2) || !strncmp(text, "../", 3) ||
	       (length > 5 && !strcmp(text + length - 5, ".hull"));
}

static int run_run(const struct invocation *invocation)
{
	const struct run_options *wanted = invocation->options;
	char **command = invocation->operands + 1;
	int count = invocation->operand_count - 1;

	if (wanted->locked)
		return run_locked(invocation, wanted);
	if (!invocation->operand_count)
		return error_set(EINVAL, "an image is missing, usage: hull image run %s",
			invocation->command->synopsis);
	if (count && !strcmp(*command, "--")) {
		command++;
		count--;
	}
	if (names_file(*invocation->operands) && single_is(*invocation->operands))
		return run_single(invocation, wanted, *invocation->operands, command, count);
	return run_image(invocation, wanted, command, count);
}

const struct command command_run = {
	.name = "run",
	.synopsis = "[OPTIONS] IMAGE|FILE [COMMAND] [ARGUMENTS]",
	.summary = "run a program in a container of an image",
	.options = options,
	.options_bytes = sizeof(struct run_options),
	.operands_most = -1,
	.in_order = true,
	.run = run_run,
	.failure_code = LAUNCH_FAILED,
	.usage_code = LAUNCH_FAILED,
};
