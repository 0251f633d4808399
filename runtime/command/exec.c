/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "runtime/engine_code.h"
#include "runtime/exec_process.h"
#include "runtime/foreground.h"
#include "runtime/lifecycle.h"
#include "runtime/unix_socket.h"

#define TEXT(member_, name_, letter_, argument_, help_)                                            \
	{ name_, letter_, OPTION_TEXT, offsetof(struct exec_options, member_), argument_, help_ }
#define LIST(member_, name_, letter_, argument_, help_)                                            \
	{ name_, letter_, OPTION_LIST, offsetof(struct exec_options, member_), argument_, help_ }
#define FLAG(member_, name_, letter_, help_)                                                       \
	{ name_, letter_, OPTION_FLAG, offsetof(struct exec_options, member_), NULL, help_ }

static const struct option options[] = {
	TEXT(process, "process", 'p', "FILE", "the process as a JSON object (config.md)"),
	FLAG(detach, "detach", 'd', "return once the program runs"),
	FLAG(terminal, "tty", 't', "give it a terminal"),
	TEXT(cwd, "cwd", 0, "DIR", "its working folder"),
	LIST(env, "env", 'e', "NAME=VALUE", "add to its environment"),
	TEXT(user, "user", 'u', "UID[:GID]", "its ids, as numbers"),
	LIST(additional_gids, "additional-gids", 'g', "GID", "add to its groups"),
	LIST(capabilities, "cap", 'c', "CAP_NAME", "add to its capabilities"),
	FLAG(no_new_privileges, "no-new-privs", 0, "it can gain no privileges by execve"),
	TEXT(apparmor, "apparmor", 0, "PROFILE", "its AppArmor profile"),
	TEXT(label, "process-label", 0, "LABEL", "its SELinux label"),
	LIST(cgroups, "cgroup", 0, "[CONTROLLER,...:]PATH",
		"run it in this group below the container's, which exists"),
	TEXT(pid_file, "pid-file", 0, "FILE", "write its pid there"),
	TEXT(pidfd_socket, "pidfd-socket", 0, "PATH", "an AF_UNIX socket that gets its pidfd"),
	TEXT(console_socket, "console-socket", 0, "PATH",
		"an AF_UNIX socket that gets the master of its terminal"),
	{ "preserve-fds", 0, OPTION_NUMBER, offsetof(struct exec_options, preserve_fds), "N",
		"pass descriptors 3 to 2+N on to it" },
	FLAG(ignore_paused, "ignore-paused", 0, "make it in a paused container too"),
	FLAG(no_subreaper, "no-subreaper", 0,
		"accepted for callers of other runtimes: hull never is a subreaper"),
	FLAG(engine_codes, "engine-codes", 0, ENGINE_CODES_HELP),
	{ 0 },
};

static int exec_check_status(struct container *container, bool ignore_paused)
{
	enum container_status status = container_status(container);

	if (status == STATUS_PAUSED && !ignore_paused)
		return error_set(EINVAL,
			"cannot exec in a paused container: %s (--ignore-paused does)",
			container->id);
	/* The new process will be frozen too, and whoever resumes must get the lock. */
	if (status == STATUS_PAUSED)
		container_unlock(container);
	if (status == STATUS_STOPPED || status == STATUS_CREATING)
		return error_set(EINVAL, "cannot exec in a %s container: %s",
			container_status_names[status], container->id);
	return 0;
}

static int exec_check_console(
	const struct exec_options *wanted, const struct config_process *process)
{
	if (wanted->console_socket && !process->terminal)
		return error_set(EINVAL, "--console-socket: the process has no terminal to send");
	if (process->terminal && wanted->detach && !wanted->console_socket)
		return error_set(EINVAL,
			"cannot allocate tty if hull will detach without setting console socket");
	return 0;
}

static int exec_spawn(struct container *container, const struct exec_options *wanted,
	const struct config *config, const struct config_process *process,
	struct process_handle *handle)
{
	_cleanup_close_ int console_fd = -EBADF;
	struct process_request request = {
		.config = config,
		.process = process,
		.pid_file = wanted->pid_file,
		.pidfd_socket = wanted->pidfd_socket,
		.console_fd = -1,
		.preserve_fds = wanted->preserve_fds,
		.cgroups = &wanted->cgroups,
		.no_new_keyring = container->record.no_new_keyring,
	};

	if (wanted->console_socket) {
		console_fd = unix_socket_connect("--console-socket", wanted->console_socket);
		if (console_fd < 0)
			return console_fd;
		request.console_fd = console_fd;
	}
	return isolation_of(container)->exec(container, &request, handle);
}

static int exec_in(struct container *container, const struct invocation *invocation,
	struct process_handle *handle)
{
	const struct exec_options *wanted = invocation->options;
	_cleanup_config_ struct config config = { 0 };
	struct config_process *process;
	int r = exec_check_status(container, wanted->ignore_paused);

	if (r >= 0)
		r = container_load_config(container, &config);
	if (r >= 0)
		r = exec_process_make(&config, wanted, invocation->operands + 1,
			invocation->operand_count - 1, &process);
	if (r >= 0)
		r = exec_check_console(wanted, process);
	return r < 0 ? r : exec_spawn(container, wanted, &config, process, handle);
}

static int exec_run(const struct invocation *invocation)
{
	const struct exec_options *wanted = invocation->options;
	_cleanup_container_ struct container container = CONTAINER_NONE;
	struct process_handle handle = { .pidfd = -1, .terminal_fd = -1 };
	struct foreground foreground = FOREGROUND_NONE;
	int r = lifecycle_check_preserved(wanted->preserve_fds);
	int root_fd;

	if (r < 0)
		return r;
	root_fd = container_root_open(invocation->global);
	if (root_fd < 0)
		return wanted->engine_codes ? engine_code_fail(root_fd) : root_fd;
	if (!wanted->detach)
		r = foreground_begin(&foreground);
	/* Shared: several may execute at once, but none while the container is deleted. */
	if (r >= 0)
		r = container_open(&container, root_fd, invocation->operands[0], CONTAINER_SHARED);
	if (r >= 0)
		r = exec_in(&container, invocation, &handle);
	container_unlock(&container);
	if (r >= 0 && !wanted->detach)
		r = foreground_wait(&foreground, &handle);
	file_close(&handle.pidfd);
	file_close(&handle.terminal_fd);
	return r < 0 && wanted->engine_codes ? engine_code_fail(r) : r;
}

const struct command command_exec = {
	.name = "exec",
	.synopsis = "[OPTIONS] ID COMMAND [ARGUMENTS]",
	.summary = "run a further process in a running container",
	.options = options,
	.options_bytes = sizeof(struct exec_options),
	.operands_least = 1,
	.operands_most = -1,
	.in_order = true,
	.enters_container = true,
	.run = exec_run,
	.failure_code = 255,
	.of_status = "created|running",
};
