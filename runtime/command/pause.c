/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "base/error.h"
#include "runtime/isolation.h"

static const struct option options[] = { { 0 } };

static int pause_set(const struct invocation *invocation, bool frozen)
{
	_cleanup_container_ struct container container = CONTAINER_NONE;
	int root_fd = container_root_open(invocation->global);
	enum container_status status;
	int r;

	if (root_fd < 0)
		return root_fd;
	r = container_open(&container, root_fd, invocation->operands[0], CONTAINER_LOCKED);
	if (r < 0)
		return r;
	status = container_status(&container);
	if (frozen ? status != STATUS_RUNNING && status != STATUS_CREATED : status != STATUS_PAUSED)
		return error_set(EINVAL, "cannot %s container %s: it is %s",
			frozen ? "pause" : "resume", container.id, container_status_names[status]);
	return isolation_of(&container)->freeze(&container, frozen);
}

static int pause_run(const struct invocation *invocation)
{
	return pause_set(invocation, true);
}

static int resume_run(const struct invocation *invocation)
{
	return pause_set(invocation, false);
}

const struct command command_pause = {
	.name = "pause",
	.synopsis = "ID",
	.summary = "freeze all processes of a container",
	.options = options,
	.operands_least = 1,
	.operands_most = 1,
	.run = pause_run,
	.of_status = "created|running",
};

const struct command command_resume = {
	.name = "resume",
	.synopsis = "ID",
	.summary = "let the processes of a paused container go on",
	.options = options,
	.operands_least = 1,
	.operands_most = 1,
	.run = resume_run,
	.of_status = "paused",
};
