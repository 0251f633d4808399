/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "base/process.h"
#include "runtime/command.h"
#include "runtime/landing.h"
#include "runtime/migration_link.h"

#define DEFAULT_BUNDLES "/var/lib/hull/bundles"

struct receive_options {
	struct migration_options link; /* first: its options are shared */
	const char *listen, *bundles, *output, *console_socket;
	struct string_list allowed;
};

#define TEXT(name, member, argument, help)                                                         \
	{ name, 0, OPTION_TEXT, offsetof(struct receive_options, member), argument, help }

static const struct option options[] = {
	TEXT("listen", listen, "WHERE",
		"serve whoever connects to unix:PATH or tcp:ADDRESS:PORT, until a signal comes"),
	TEXT("bundles", bundles, "DIR",
		"the folder of all bundles, each in one of its container's name "
		"(default: " DEFAULT_BUNDLES ")"),
	{ "allow", 0, OPTION_LIST, offsetof(struct receive_options, allowed), "DIR",
		"a config.json that comes along may name files of this host below that" },
	TEXT("output", output, "FILE", "where containers write to (default: /dev/null)"),
	TEXT("console-socket", console_socket, "PATH",
		"an AF_UNIX socket that gets the master of the container's terminal"),
	MIGRATION_OPTIONS,
	{ 0 },
};

static int open_output(const char *path)
{
	int fd = open(path ? path : "/dev/null", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

	return fd < 0 ? error_errno(errno, "--output %s", path) : fd;
}

static int land(const struct invocation *invocation, struct migration_link *link)
{
	const struct receive_options *wanted = invocation->options;
	struct landing landing = LANDING_NONE;
	_cleanup_close_ int output_fd = open_output(wanted->output);

	if (output_fd < 0)
		return output_fd;
	landing.global = invocation->global;
	landing.bundles = wanted->bundles ? wanted->bundles : DEFAULT_BUNDLES;
	landing.console_socket = wanted->console_socket;
	landing.allowed = &wanted->allowed;
	landing.output_fd = output_fd;
	landing.stored_fd = link->transport.one_way ? link->folder_fd : -1;
	return landing_receive(&landing, &link->transport);
}

static int serve_stored(const struct invocation *invocation, const char *folder)
{
	_cleanup_migration_link_ struct migration_link link = MIGRATION_LINK_NONE;
	int r = migration_link_open_stored(&link, folder);

	return r < 0 ? r : land(invocation, &link);
}

static int serve(const struct invocation *invocation, int fd)
{
	_cleanup_migration_link_ struct migration_link link = MIGRATION_LINK_NONE;
	const struct receive_options *wanted = invocation->options;
	int r = migration_link_accept(&link, fd, wanted->listen, &wanted->link);

	return r < 0 ? r : land(invocation, &link);
}

/* Standard input and output are the other side's, and nobody else's. */
static int serve_standard(const struct invocation *invocation)
{
	_cleanup_migration_link_ struct migration_link link = MIGRATION_LINK_NONE;
	const struct receive_options *wanted = invocation->options;
	_cleanup_close_ int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	int r;

	if (isatty(STDIN_FILENO))
		return error_set(EINVAL, "receive takes a DIRECTORY or --listen; without them "
					 "`hull migrate` must be at its standard input");
	link.transport.in_fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
	r = migration_link_accept(&link, link.transport.in_fd, NULL, &wanted->link);
	if (r < 0)
		return r;
	link.transport.out_fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
	if (null_fd < 0 || dup2(null_fd, STDIN_FILENO) < 0 || dup2(null_fd, STDOUT_FILENO) < 0)
		return error_errno(errno, "/dev/null");
	return land(invocation, &link);
}

/* Each in a process of its own, which ends by itself. */
static int listen_for_all(const struct invocation *invocation)
{
	const struct receive_options *wanted = invocation->options;
	_cleanup_close_ int listen_fd = migration_listen(wanted->listen);

	if (listen_fd < 0)
		return listen_fd;
	for (;;) {
		_cleanup_close_ int fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC);
		pid_t pid;

		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
		if (fd < 0 && (errno == EINTR || errno == ECONNABORTED))
			continue;
		if (fd < 0)
			return error_errno(errno, "--listen %s", wanted->listen);
		pid = process_clone(0, -1, NULL);
		if (pid == 0) {
			int r;

			file_close(&listen_fd);
			r = serve(invocation, TAKE_FD(fd));
			if (r < 0)
				log_error("%s", error_text(r));
			_exit(r < 0);
		}
		if (pid < 0)
			log_error("%s", error_text(error_errno(pid, "a process")));
	}
}

static int receive_run(const struct invocation *invocation)
{
	const struct receive_options *wanted = invocation->options;

	if (geteuid() != 0)
		return error_set(EPERM, "only root can receive containers");
	if (wanted->listen && invocation->operand_count)
		return error_set(EINVAL, "receive takes a DIRECTORY or --listen, and not both");
	/* A source that is gone is no reason to end at once. */
	(void)signal(SIGPIPE, SIG_IGN);
	if (wanted->listen)
		return listen_for_all(invocation);
	return invocation->operand_count ? serve_stored(invocation, invocation->operands[0])
					 : serve_standard(invocation);
}

const struct command command_receive = {
	.name = "receive",
	.synopsis = "[OPTIONS] [DIRECTORY]",
	.summary = "take containers that hull migrate sends",
	.options = options,
	.options_bytes = sizeof(struct receive_options),
	.operands_least = 0,
	.operands_most = 1,
	.enters_container = true,
	.run = receive_run,
	.of_status = "",
};
