/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "runtime/container.h"
#include "spec/state.h"

static const struct option options[] = { { 0 } };

static void state_print(const struct container *container)
{
	enum container_status status = container_status(container);
	const struct container_record *record = &container->record;
	_cleanup_buffer_ struct buffer text = { 0 };
	struct json_writer writer = { .buffer = &text, .pretty = true };
	const struct container_state state = {
		.id = container->id,
		.status = container_status_names[status],
		.bundle = record->bundle ? record->bundle : "",
		.pid = status == STATUS_STOPPED ? 0 : (pid_t)record->pid,
		.annotations = &record->annotations,
	};

	json_begin_object(&writer, NULL);
	state_write(&state, &writer);
	json_write_string(&writer, "rootfs", record->rootfs ? record->rootfs : "");
	json_write_string(&writer, "created", record->created ? record->created : "");
	json_write_string(&writer, "owner", record->owner ? record->owner : "");
	json_end_object(&writer);
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
