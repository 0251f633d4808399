/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "runtime/checkpoint_import.h"
#include "runtime/command/checkpoint_options.h"
#include "runtime/command/create_options.h"
#include "runtime/container.h"
#include "runtime/run_container.h"

static const struct option options[] = {
	CREATE_OPTIONS,
	{ "detach", 'd', OPTION_FLAG, offsetof(struct create_options, detach), NULL,
		"return once the container runs" },
	{ "keep", 0, OPTION_FLAG, offsetof(struct create_options, keep), NULL,
		"do not delete the container when its program ends" },
	CHECKPOINT_OPTIONS,
	CHECKPOINT_TEXT("import", import_file, "FILE",
		"from an archive of hull, Podman or Kubernetes; a bundle without config.json gets "
		"that of the archive"),
	{ "allow-path", 0, OPTION_LIST, offsetof(struct checkpoint_options, allowed), "PATH",
		"the archive's configuration may use what is below this path of the machine" },
	CHECKPOINT_FLAG("tcp-close", request.tcp_close, "close the TCP connections of the images"),
	CHECKPOINT_TEXT("lsm-profile", request.lsm_profile, "TYPE:NAME",
		"another profile (apparmor) or label (selinux) than that of the images"),
	CHECKPOINT_TEXT("lsm-mount-context", request.lsm_mount_context, "CONTEXT",
		"another SELinux context of mounts than that of the images"),
	{ 0 },
};

/* What the restore would refuse is refused before the bundle is touched. */
static int restore_import(const struct invocation *invocation,
	const struct checkpoint_options *wanted, struct checkpoint_import *import,
	struct checkpoint_request *restore)
{
	_cleanup_close_ int root_fd = container_root_open(invocation->global);
	const char *id = invocation->operands[0];
	int r = root_fd < 0 ? root_fd : container_check_id(id);

	if (r < 0)
		return r;
	if (faccessat(root_fd, id, F_OK, 0) == 0)
		return error_set(EEXIST, "container with given ID already exists: %s", id);
	if (wanted->create.config || (restore->lazy_pages && !wanted->request.image_path))
		return error_set(EINVAL, "--import: %s",
			wanted->create.config ? "does not go with --config"
					      : "with --lazy-pages it needs --image-path");
	restore->image_path = wanted->request.image_path;
	return checkpoint_import(import, restore);
}

static int restore_run(const struct invocation *invocation)
{
	const struct checkpoint_options *wanted = invocation->options;
	_cleanup_checkpoint_import_ struct checkpoint_import import = {
		.file = wanted->import_file,
		.bundle = wanted->create.bundle ? wanted->create.bundle : ".",
		.allowed = &wanted->allowed,
	};
	struct checkpoint_request restore;
	const struct lifecycle_request request = { invocation->global, &wanted->create, &restore };
	int r = checkpoint_options_read(invocation, &restore);

	if (r < 0)
		return r;
	if (geteuid() != 0)
		return error_set(EPERM, "only root can restore containers");
	if (wanted->import_file)
		r = restore_import(invocation, wanted, &import, &restore);
	if (r < 0)
		return r;
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
