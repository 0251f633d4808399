/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "base/error.h"
#include "base/log.h"
#include "runtime/lifecycle.h"
#include "runtime/selection.h"

struct delete_options {
	bool force, regex;
};

static const struct option options[] = {
	{ "force", 'f', OPTION_FLAG, offsetof(struct delete_options, force), NULL,
		"kill it first if it runs; succeed if there is none" },
	{ "regex", 'r', OPTION_FLAG, offsetof(struct delete_options, regex), NULL,
		"ID is a regular expression: delete all containers whose id it describes" },
	{ 0 },
};

static int delete_one(int root_fd, const char *id, const void *context)
{
	const struct delete_options *wanted = context;
	_cleanup_container_ struct container container = CONTAINER_NONE;
	enum container_status status;
	int r = container_open(&container, root_fd, id, CONTAINER_LOCKED);

	if (r == -ENOENT && wanted->force) {
		error_clear();
		return 0;
	}
	/* What a damaged state does not tell, config.json and the id do. */
	if (r < 0 && wanted->force && container.record.damaged) {
		log_warning("%s", error_text(r));
		return lifecycle_destroy(&container);
	}
	if (r < 0)
		return r;
	status = container_status(&container);
	if (status != STATUS_STOPPED && !wanted->force)
		return error_set(EBUSY,
			"cannot delete container %s that is not stopped: %s (--force kills it)",
			container.id, container_status_names[status]);
	return lifecycle_destroy(&container);
}

static int delete_run(const struct invocation *invocation)
{
	const struct delete_options *wanted = invocation->options;
	int root_fd = container_root_open(invocation->global);

	if (root_fd < 0)
		return root_fd;
	return wanted->regex ? selection_each(root_fd, invocation->operands[0], delete_one, wanted)
			     : delete_one(root_fd, invocation->operands[0], wanted);
}

const struct command command_delete = {
	.name = "delete",
	.synopsis = "[OPTIONS] ID",
	.summary = "give back all that a stopped container holds, and forget it",
	.options = options,
	.options_bytes = sizeof(struct delete_options),
	.operands_least = 1,
	.operands_most = 1,
	.run = delete_run,
};
