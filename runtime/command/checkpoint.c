/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <unistd.h>

#include "base/error.h"
#include "base/log.h"
#include "runtime/checkpoint_export.h"
#include "runtime/command/checkpoint_options.h"
#include "runtime/lifecycle.h"

static const struct option options[] = {
	CHECKPOINT_OPTIONS,
	{ "leave-running", 'R', OPTION_FLAG,
		offsetof(struct checkpoint_options, request.leave_running), NULL,
		"let the container go on afterwards" },
	CHECKPOINT_TEXT("export", export_file, "FILE",
		"write one file, in the layout of Podman and Kubernetes, instead of a folder"),
	CHECKPOINT_FLAG("with-rootfs", whole_rootfs,
		"of --export: with all of the root file system, not only an overlay's changes"),
	CHECKPOINT_FLAG("uncompressed", plain, "of --export: do not compress"),
	CHECKPOINT_TEXT("image", image, "NAME",
		"of --export: the image that an engine is to restore it on"),
	CHECKPOINT_FLAG("check", check,
		"only tell what it would fail at; the container is not even stopped"),
	CHECKPOINT_FLAG("tcp-skip-in-flight", request.tcp_skip_in_flight,
		"without TCP connections that are not established yet"),
	CHECKPOINT_FLAG("pre-dump", request.pre_dump,
		"save memory alone; the container goes on, and the next checkpoint saves the rest"),
	CHECKPOINT_TEXT("parent-path", request.parent_path, "DIR",
		"the images of the pre-dump before, relative to --image-path"),
	CHECKPOINT_TEXT("page-server", page_server, "ADDRESS:PORT",
		"send memory to CRIU's page server there"),
	CHECKPOINT_TEXT("status-fd", status_fd, "FD",
		"descriptor that gets a byte once the lazy pages are served"),
	CHECKPOINT_TEXT("ghost-limit", ghost_limit, "BYTES",
		"save open files without a name up to this size (default: 1M)"),
	{ 0 },
};

static int checkpoint_check(const struct container *container)
{
	enum container_status status = container_status(container);

	if (geteuid() != 0)
		return error_set(EPERM, "only root can checkpoint containers");
	if (!isolation_of(container)->checkpoint)
		return error_set(EOPNOTSUPP, "isolation %s: cannot checkpoint containers",
			isolation_of(container)->name);
	if (status != STATUS_RUNNING && status != STATUS_PAUSED)
		return error_set(EINVAL, "cannot checkpoint container %s: it is %s", container->id,
			container_status_names[status]);
	return 0;
}

/* A chain of images is no archive: each refers to the folder of the one before. */
static int check_export(const struct checkpoint_options *wanted)
{
	const char *other = wanted->request.image_path	  ? "--image-path"
			    : wanted->request.work_path	  ? "--work-path"
			    : wanted->request.pre_dump	  ? "--pre-dump"
			    : wanted->request.parent_path ? "--parent-path"
			    : wanted->request.lazy_pages  ? "--lazy-pages"
			    : wanted->page_server	  ? "--page-server"
							  : NULL;

	if (wanted->export_file && other)
		return error_set(EINVAL, "--export: does not go with %s", other);
	if (!wanted->export_file && (wanted->whole_rootfs || wanted->plain || wanted->image))
		return error_set(
			EINVAL, "--with-rootfs, --uncompressed, --image: only with --export");
	return 0;
}

/* Save it, and end it if that is wanted. */
static int checkpoint_save(struct container *container, const struct config *config,
	const struct checkpoint_options *wanted, struct checkpoint_request *request)
{
	_cleanup_checkpoint_export_ struct checkpoint_export packed = {
		.file = wanted->export_file,
		.image = wanted->image,
		.whole_rootfs = wanted->whole_rootfs,
		.plain = wanted->plain,
		.program = IMAGE_PROGRAM_NONE,
	};
	int r = packed.file ? checkpoint_export_prepare(&packed, container, request) : 0;

	if (r >= 0)
		r = isolation_of(container)->checkpoint(container, config, request);
	if (r < 0)
		return r;
	if (packed.file)
		r = checkpoint_export_finish(&packed);
	if (request->leave_running || request->pre_dump)
		return r;
	/* Saved it is, whatever is left. */
	if (r < 0)
		return r;
	if (lifecycle_destroy(container) < 0)
		log_warning("%s", error_text(-EIO));
	error_clear();
	return 0;
}

static int checkpoint_run(const struct invocation *invocation)
{
	_cleanup_container_ struct container container = CONTAINER_NONE;
	_cleanup_config_ struct config config = { 0 };
	const struct checkpoint_options *wanted = invocation->options;
	struct checkpoint_request request;
	int r = check_export(wanted), root_fd;

	if (r >= 0)
		r = checkpoint_options_read(invocation, &request);
	root_fd = r < 0 ? r : container_root_open(invocation->global);

	if (root_fd < 0)
		return root_fd;
	r = container_open(&container, root_fd, invocation->operands[0], CONTAINER_LOCKED);
	if (r >= 0)
		r = checkpoint_check(&container);
	if (r >= 0 && wanted->check)
		return isolation_of(&container)->examine(&container, &request);
	if (r >= 0)
		r = container_load_config(&container, &config);
	return r < 0 ? r : checkpoint_save(&container, &config, wanted, &request);
}

const struct command command_checkpoint = {
	.name = "checkpoint",
	.synopsis = "[OPTIONS] ID",
	.summary = "save a running container to files, with CRIU",
	.options = options,
	.options_bytes = sizeof(struct checkpoint_options),
	.operands_least = 1,
	.operands_most = 1,
	.run = checkpoint_run,
	.of_status = "running|paused",
};
