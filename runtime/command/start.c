/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "base/error.h"
#include "base/file.h"
#include "runtime/lifecycle.h"
#include "runtime/notify.h"

static const struct option options[] = { { 0 } };

static int start_wait_ready(struct container *container)
{
	_cleanup_close_ int pidfd = -EBADF;

	if (container->notify_fd < 0)
		return 0;
	pidfd = container_process_open(container);
	/* It may have said so and have ended. */
	if (pidfd >= 0)
		notify_wait_ready(container, pidfd);
	else
		notify_pass_on(container->notify_fd);
	return 0;
}

static int start_run(const struct invocation *invocation)
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
	if (status != STATUS_CREATED)
		return error_set(EINVAL, "cannot start container %s: it is %s, not created",
			container.id, container_status_names[status]);
	r = notify_listen(&container);
	if (r >= 0)
		r = isolation_of(&container)->start(&container);
	if (r >= 0)
		r = lifecycle_poststart(&container);
	return r < 0 ? r : start_wait_ready(&container);
}

const struct command command_start = {
	.name = "start",
	.synopsis = "ID",
	.summary = "run the program of a created container",
	.options = options,
	.operands_least = 1,
	.operands_most = 1,
	.run = start_run,
	.of_status = "created",
};
