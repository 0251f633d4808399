/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <signal.h>

#include "base/error.h"
#include "base/process.h"
#include "runtime/isolation.h"

struct kill_options {
	bool all;
};

static const struct option options[] = {
	{ "all", 'a', OPTION_FLAG, offsetof(struct kill_options, all), NULL,
		"signal every process of the container" },
	{ 0 },
};

static int kill_run(const struct invocation *invocation)
{
	const struct kill_options *wanted = invocation->options;
	const char *word = invocation->operand_count > 1 ? invocation->operands[1] : "TERM";
	_cleanup_container_ struct container container = CONTAINER_NONE;
	int root_fd = container_root_open(invocation->global);
	bool all = wanted->all;
	int signal, r;

	if (root_fd < 0)
		return root_fd;
	r = container_open(&container, root_fd, invocation->operands[0], CONTAINER_UNLOCKED);
	if (r < 0)
		return r;
	signal = signal_parse(word);
	if (signal < 0)
		return error_set(EINVAL, "unknown signal: \"%s\"", word);
	/* Without a pid namespace of its own, the end of the first process ends no other. */
	all |= signal == SIGKILL && container.record.shared_pids;
	if (!all && !container_runs(&container))
		return error_set(ESRCH, "container not running: %s", container.id);
	return isolation_of(&container)->kill(&container, signal, all);
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
};
