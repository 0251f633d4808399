/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <signal.h>

#include "base/error.h"
#include "base/process.h"
#include "runtime/isolation.h"
#include "runtime/selection.h"

struct kill_options {
	bool all, regex;
};

static const struct option options[] = {
	{ "all", 'a', OPTION_FLAG, offsetof(struct kill_options, all), NULL,
		"signal every process of the container" },
	{ "regex", 'r', OPTION_FLAG, offsetof(struct kill_options, regex), NULL,
		"ID is a regular expression: signal all containers whose id it describes" },
	{ 0 },
};

struct kill_request {
	int signal;
	bool all, several;
};

static int kill_one(int root_fd, const char *id, const void *context)
{
	const struct kill_request *request = context;
	_cleanup_container_ struct container container = CONTAINER_NONE;
	bool all = request->all;
	int r = container_open(&container, root_fd, id, CONTAINER_UNLOCKED);

	if (r < 0)
		return r;
	/* Without a pid namespace of its own, the end of the first process ends no other. */
	all |= request->signal == SIGKILL && container.record.shared_pids;
	if (!all && !container_runs(&container))
		return request->several
			       ? 0
			       : error_set(ESRCH, "container not running: %s", container.id);
	return isolation_of(&container)->kill(&container, request->signal, all);
}

static int kill_run(const struct invocation *invocation)
{
	const struct kill_options *wanted = invocation->options;
	const char *id = invocation->operands[0];
	const char *word = invocation->operand_count > 1 ? invocation->operands[1] : "TERM";
	struct kill_request request = { signal_parse(word), wanted->all, wanted->regex };
	int root_fd = container_root_open(invocation->global);

	if (root_fd < 0)
		return root_fd;
	if (request.signal < 0)
		return error_set(EINVAL, "unknown signal: \"%s\"", word);
	return wanted->regex ? selection_each(root_fd, id, kill_one, &request)
			     : kill_one(root_fd, id, &request);
}

const struct command command_kill = {
	.name = "kill",
	.synopsis = "[OPTIONS] ID [SIGNAL]",
	.summary = "send a signal (default TERM) to the container's first process",
	.options = options,
	.options_bytes = sizeof(struct kill_options),
	.operands_least = 1,
	.operands_most = 2,
	.run = kill_run,
	.of_status = "created|running|paused",
};
