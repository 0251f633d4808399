/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "runtime/container.h"

static const struct option options[] = { { 0 } };

static void state_print(const struct container *container)
{
	_cleanup_buffer_ struct buffer text = { 0 };
	struct json_writer writer = { .buffer = &text, .pretty = true };

	container_write(container, &writer);
	puts(text.data);
}

static int state_run(const struct invocation *invocation)
{
	_cleanup_container_ struct container container = CONTAINER_NONE;
	int root_fd = container_root_open(invocation->global);
	int r;

	if (root_fd < 0)
		return root_fd;
	/* Without the lock: hooks ask for the state while their container is being changed. */
	r = container_open(&container, root_fd, invocation->operands[0], CONTAINER_UNLOCKED);
	if (r >= 0)
		state_print(&container);
	return r;
}

const struct command command_state = {
	.name = "state",
	.synopsis = "ID",
	.summary = "print the state of a container as JSON",
	.options = options,
	.operands_least = 1,
	.operands_most = 1,
	.run = state_run,
};
