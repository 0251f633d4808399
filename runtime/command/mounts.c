/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "runtime/isolation.h"

#define MOUNTS_BYTES_MOST (16u << 20)

static const struct option options[] = { { 0 } };

static int mounts_read(const char *path, struct config *config)
{
	_cleanup_buffer_ struct buffer text = { 0 };
	int r = !strcmp(path, "-") ? file_read_fd(STDIN_FILENO, &text, MOUNTS_BYTES_MOST)
				   : file_read_at(AT_FDCWD, path, &text, MOUNTS_BYTES_MOST);

	if (r < 0)
		return error_errno(r, "%s: cannot be read", path);
	buffer_text(&text, "");
	return config_replace_mounts(
		config, !strcmp(path, "-") ? "stdin" : path, text.data, text.length);
}

static int mounts_run(const struct invocation *invocation)
{
	const char *verb = invocation->operands[0];
	_cleanup_container_ struct container container = CONTAINER_NONE;
	_cleanup_config_ struct config config = { 0 };
	bool add = !strcmp(verb, "add");
	enum container_status status;
	int root_fd, r;

	if (!add && strcmp(verb, "remove") != 0)
		return error_set(EINVAL, "mounts: must be add or remove, got \"%s\"", verb);
	root_fd = container_root_open(invocation->global);
	if (root_fd < 0)
		return root_fd;
	r = container_open(&container, root_fd, invocation->operands[1], CONTAINER_LOCKED);
	if (r < 0)
		return r;
	status = container_status(&container);
	if (status == STATUS_STOPPED || status == STATUS_CREATING)
		return error_set(EINVAL, "cannot change the mounts of container %s: it is %s",
			container.id, container_status_names[status]);
	r = container_load_config(&container, &config);
	if (r >= 0)
		r = mounts_read(invocation->operands[2], &config);
	return r < 0 ? r : isolation_of(&container)->change_mounts(&container, &config, add);
}

const struct command command_mounts = {
	.name = "mounts",
	.synopsis = "add|remove ID FILE",
	.summary = "mount in a running container, or unmount, what a file describes",
	.options = options,
	.operands_least = 3,
	.operands_most = 3,
	.enters_container = true,
	.run = mounts_run,
	.of_status = "created|running|paused",
};
