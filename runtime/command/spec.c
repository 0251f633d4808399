/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/processors.h"
#include "cgroup/conservation.h"
#include "runtime/command.h"
#include "spec/template.h"

struct spec_options {
	const char *bundle, *file;
	bool rootless, check;
};

static const struct option options[] = {
	{ "bundle", 'b', OPTION_TEXT, offsetof(struct spec_options, bundle), "DIR",
		"where to write it (default: the current folder)" },
	{ "file", 'f', OPTION_TEXT, offsetof(struct spec_options, file), "FILE",
		"its name there (default: config.json)" },
	{ "rootless", 0, OPTION_FLAG, offsetof(struct spec_options, rootless), NULL,
		"a configuration that an ordinary user can run" },
	{ "check", 0, OPTION_FLAG, offsetof(struct spec_options, check), NULL,
		"check an existing one instead, and say which limits defeat fair sharing" },
	{ 0 },
};

/* A hint is not an error: it is printed to stdout, and the exit code stays 0. */
static int spec_check(const char *path)
{
	_cleanup_close_ int folder_fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	_cleanup_config_ struct config config = { 0 };
	_cleanup_buffer_ struct buffer hints = { 0 };
	cpu_set_t cpus;
	int r = folder_fd < 0 ? config_load_at(&config, AT_FDCWD, path)
			      : config_load_at(&config, folder_fd, "config.json");

	if (r < 0)
		return r;
	conservation_check(config.linux->resources, (unsigned int)processors_online(&cpus), &hints);
	if (hints.length)
		(void)fputs(hints.data, stdout);
	return 0;
}

static int spec_run(const struct invocation *invocation)
{
	const struct spec_options *wanted = invocation->options;
	const char *place = invocation->operand_count ? invocation->operands[0] : NULL;
	const char *folder = wanted->bundle ? wanted->bundle : ".";
	const char *file = wanted->file ? wanted->file : "config.json";
	_cleanup_close_ int folder_fd = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
	_cleanup_buffer_ struct buffer text = { 0 };
	_cleanup_close_ int fd = -EBADF;
	int r;

	if (wanted->check)
		return spec_check(place ? place : folder);
	if (place)
		return error_set(EINVAL,
			"spec: \"%s\": a place is for --check alone, --bundle "
			"tells where to write",
			place);
	if (folder_fd < 0)
		return error_errno(errno, "bundle %s", folder);
	template_write(&text, wanted->rootless, geteuid(), getegid());
	fd = openat(folder_fd, file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	if (fd < 0 && errno == EEXIST)
		return error_set(EEXIST, "%s already exists in %s; remove it first", file, folder);
	r = fd < 0 ? -errno : file_write_all(fd, text.data, text.length);
	return r < 0 ? error_errno(r, "cannot write %s in %s", file, folder) : 0;
}

const struct command command_spec = {
	.name = "spec",
	.synopsis = "[OPTIONS] [BUNDLE|FILE]",
	.summary = "write a config.json to start from, or check one",
	.options = options,
	.options_bytes = sizeof(struct spec_options),
	.operands_most = 1,
	.run = spec_run,
	.of_status = "",
};
