/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <unistd.h>

#include "base/error.h"
#include "runtime/command/checkpoint_options.h"
#include "runtime/command/create_options.h"
#include "runtime/run_container.h"

static const struct option options[] = {
	CREATE_OPTIONS,
	{ "detach", 'd', OPTION_FLAG, offsetof(struct create_options, detach), NULL,
		"return once the container runs" },
	{ "keep", 0, OPTION_FLAG, offsetof(struct create_options, keep), NULL,
		"do not delete the container when its program ends" },
	CHECKPOINT_OPTIONS,
	CHECKPOINT_FLAG("tcp-close", request.tcp_close, "close the TCP connections of the images"),
	CHECKPOINT_TEXT("lsm-profile", request.lsm_profile, "TYPE:NAME",
		"another profile (apparmor) or label (selinux) than that of the images"),
	CHECKPOINT_TEXT("lsm-mount-context", request.lsm_mount_context, "CONTEXT",
		"another SELinux context of mounts than that of the images"),
	{ 0 },
};

static int restore_run(const struct invocation *invocation)
{
	const struct checkpoint_options *wanted = invocation->options;
	struct checkpoint_request restore;
	const struct lifecycle_request request = { invocation->global, &wanted->create, &restore };
	int r = checkpoint_options_read(invocation, &restore);

	if (r < 0)
		return r;
	if (geteuid() != 0)
		return error_set(EPERM, "only root can restore containers");
	return run_container(&request, invocation->operands[0]);
}

const struct command command_restore = {
	.name = "restore",
	.synopsis = "[OPTIONS] ID",
	.summary = "make a container from what checkpoint has saved, and its bundle",
	.options = options,
	.options_bytes = sizeof(struct checkpoint_options),
	.operands_least = 1,
	.operands_most = 1,
	.enters_container = true,
	.run = restore_run,
	.of_status = "",
};
