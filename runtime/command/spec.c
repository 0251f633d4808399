/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "runtime/command.h"
#include "spec/template.h"

struct spec_options {
	const char *bundle;
	bool rootless;
};

static const struct option options[] = {
	{ "bundle", 'b', OPTION_TEXT, offsetof(struct spec_options, bundle), "DIR",
		"where to write it (default: the current folder)" },
	{ "rootless", 0, OPTION_FLAG, offsetof(struct spec_options, rootless), NULL,
		"a configuration that an ordinary user can run" },
	{ 0 },
};

static int spec_run(const struct invocation *invocation)
{
	const struct spec_options *wanted = invocation->options;
	const char *folder = wanted->bundle ? wanted->bundle : ".";
	_cleanup_close_ int folder_fd = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
	_cleanup_buffer_ struct buffer text = { 0 };
	_cleanup_close_ int fd = -EBADF;
	int r;

	if (folder_fd < 0)
		return error_errno(errno, "bundle %s", folder);
	template_write(&text, wanted->rootless, geteuid(), getegid());
	fd = openat(folder_fd, "config.json", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	if (fd < 0 && errno == EEXIST)
		return error_set(
			EEXIST, "config.json already exists in %s; remove it first", folder);
	r = fd < 0 ? -errno : file_write_all(fd, text.data, text.length);
	return r < 0 ? error_errno(r, "cannot write config.json in %s", folder) : 0;
}

const struct command command_spec = {
	.name = "spec",
	.synopsis = "[OPTIONS]",
	.summary = "write a config.json to start from",
	.options = options,
	.options_bytes = sizeof(struct spec_options),
	.run = spec_run,
};
