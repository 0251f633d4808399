/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>

#include "base/error.h"
#include "runtime/isolation.h"

struct events_options {
	bool stats;
};

static const struct option options[] = {
	{ "stats", 0, OPTION_FLAG, offsetof(struct events_options, stats), NULL,
		"print the statistics once" },
	{ 0 },
};

static int events_print(const struct container *container)
{
	_cleanup_buffer_ struct buffer text = { 0 };
	struct json_writer writer = { .buffer = &text };
	int r;

	json_begin_object(&writer, NULL);
	json_write_string(&writer, "type", "stats");
	json_write_string(&writer, "id", container->id);
	json_begin_object(&writer, "data");
	r = isolation_of(container)->write_stats(container, &writer);
	if (r < 0)
		return r;
	json_end_object(&writer);
	json_end_object(&writer);
	puts(text.data);
	return 0;
}

static int events_run(const struct invocation *invocation)
{
	const struct events_options *wanted = invocation->options;
	_cleanup_container_ struct container container = CONTAINER_NONE;
	int root_fd, r;

	if (!wanted->stats)
		return error_set(EINVAL, "events: only --stats is there, see --help");
	root_fd = container_root_open(invocation->global);
	if (root_fd < 0)
		return root_fd;
	r = container_open(&container, root_fd, invocation->operands[0], CONTAINER_UNLOCKED);
	if (r < 0)
		return r;
	if (!container_runs(&container))
		return error_set(ESRCH, "container not running: %s", container.id);
	return events_print(&container);
}

const struct command command_events = {
	.name = "events",
	.synopsis = "--stats ID",
	.summary = "print what a container uses, as JSON",
	.options = options,
	.options_bytes = sizeof(struct events_options),
	.operands_least = 1,
	.operands_most = 1,
	.run = events_run,
};
