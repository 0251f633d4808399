/* SPDX-License-Identifier: Apache-2.0 */
#include "base/file.h"
#include "runtime/command/create_options.h"
#include "runtime/lifecycle.h"

static const struct option options[] = {
	CREATE_OPTIONS,
	{ 0 },
};

static int create_run(const struct invocation *invocation)
{
	const struct create_options *wanted = invocation->options;
	const struct lifecycle_request request = { invocation->global, wanted, NULL };
	struct process_handle handle = { .pidfd = -1, .terminal_fd = -1 };
	_cleanup_container_ struct container container = CONTAINER_NONE;
	int r = lifecycle_check_preserved(wanted->preserve_fds);

	if (r >= 0)
		r = lifecycle_create(&container, &request, invocation->operands[0], false, &handle);
	file_close(&handle.pidfd);
	return r;
}

const struct command command_create = {
	.name = "create",
	.synopsis = "[OPTIONS] ID",
	.summary = "make a container from a bundle; its program waits for `start`",
	.options = options,
	.options_bytes = sizeof(struct create_options),
	.operands_least = 1,
	.operands_most = 1,
	.enters_container = true,
	.run = create_run,
	.of_status = "",
};
