/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/lifecycle.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "ns/hook.h"
#include "runtime/activation.h"
#include "runtime/emulation.h"
#include "runtime/notify.h"
#include "runtime/unix_socket.h"
#include "runtime/whisper.h"
#include "spec/annotation.h"
#include "spec/tenant.h"
#include "spec/update.h"

int lifecycle_check_preserved(unsigned int count)
{
	for (unsigned int fd = 3; fd < 3 + count; fd++)
		if (fcntl((int)fd, F_GETFD) < 0)
			return error_set(EBADF,
				"--preserve-fds %u: descriptor %u (preserved-fd %u) is not open",
				count, fd, fd - 3);
	return 0;
}

/* process.terminal, --detach and --console-socket only fit together in these ways. */
static int create_check_console(
	const struct create_options *options, const struct config_process *process, bool start)
{
	bool detached = !start || options->detach;

	if (process->terminal && detached && !options->console_socket)
		return error_set(EINVAL,
			"cannot allocate tty if hull will detach without setting console socket "
			"(use --console-socket)");
	if (options->console_socket && !process->terminal)
		return error_set(EINVAL, "--console-socket: process.terminal is false, there is no "
					 "terminal to send");
	if (options->console_socket && !detached)
		return error_set(EINVAL, "--console-socket: only with --detach");
	return 0;
}

/* What options add to config.json is part of it from then on, as if it had been written there. */
static int create_add_options(struct config *config, const struct create_options *options)
{
	const char *given = config_annotation(config, ANNOTATION_TENANT);
	_cleanup_buffer_ struct buffer text = { 0 };
	uint64_t weight = 0;
	int r = 0;

	if (!options->tenant && !options->cpu_weight)
		return 0;
	if (options->tenant)
		r = tenant_check_name("--tenant", options->tenant);
	if (r >= 0 && options->tenant && given && strcmp(given, options->tenant) != 0)
		return error_set(EINVAL,
			"--tenant %s: annotations[\"" ANNOTATION_TENANT
			"\"] of config.json says %s",
			options->tenant, given);
	if (r >= 0 && options->cpu_weight)
		r = tenant_parse_weight("--cpu-weight", options->cpu_weight, &weight);
	if (r >= 0)
		r = update_options(&text, &config->document, options->tenant, weight);
	if (r < 0)
		return r;
	config_free(config);
	*config = (struct config){ 0 };
	return config_parse(config, "config.json", text.data, text.length);
}

static const char *owner_name(struct arena *arena)
{
	/* The name service is not asked: it may be a network away. */
	return geteuid() == 0 ? "root" : arena_format(arena, "%u", geteuid());
}

static int create_fill_record(struct container *container, struct config *config,
	const char *bundle, const struct create_options *options, const struct isolation *isolation,
	const struct process_request *request)
{
	struct container_record *record = &container->record;
	struct arena *arena = &container->arena;
	char now[CLOCK_TEXT_BYTES];

	clock_text(now);
	record->id = container->id;
	record->bundle = arena_copy(arena, bundle, strlen(bundle));
	record->rootfs = config->root->path[0] == '/'
				 ? arena_format(arena, "%s", config->root->path)
				 : arena_format(arena, "%s/%s", bundle, config->root->path);
	record->created = arena_copy(arena, now, strlen(now));
	record->owner = owner_name(arena);
	record->isolation = isolation->name;
	record->no_new_keyring = options->no_new_keyring;
	record->shared_pids = !config_namespace_is_new(config, NAMESPACE_PID);
	record->has_poststart = config->hooks && config->hooks->poststart.count;
	record->has_poststop = config->hooks && config->hooks->poststop.count;
	rootless_add_mappings(config);
	record->user_namespace_added = rootless_add_user_namespace(config);
	if (request->emulators.count)
		record->user_namespace_added |= emulation_add_user_namespace(config);
	record->annotations = config->annotations;
	return 0;
}

/* Nobody reads it before state.json is there. */
static int create_keep_config(struct container *container, const struct config *config)
{
	_cleanup_close_ int fd = openat(
		container->folder_fd, "config.json", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	int r = fd < 0 ? -errno
		       : file_write_all(fd, config->document.data, config->document.length);

	return r < 0 ? error_errno(r, "cannot keep config.json in the state folder") : 0;
}

/* runtime.md, step 13: whatever happens to them is a warning. */
static void lifecycle_poststop(const struct container *container)
{
	_cleanup_config_ struct config config = { 0 };
	const struct container_state state = { container->id, "stopped", container->record.bundle,
		0, &config.annotations };
	int r;

	if (!container->record.has_poststop)
		return;
	r = container_load_config(container, &config);
	if (r < 0)
		log_warning("%s", error_text(r));
	else
		hook_try_all(&config.hooks->poststop, "poststop", &state);
	error_clear();
}

static void create_undo(struct container *container)
{
	_cleanup_free_ char *why = string_copy(error_text(-EIO));

	/* The error that is reported is the first one. */
	if (isolation_of(container)->destroy(container) < 0)
		log_warning("%s", error_text(-EIO));
	/* runtime.md: after a hook that fails the container is stopped, destroyed, and this. */
	lifecycle_poststop(container);
	if (container_remove(container) < 0)
		log_warning("%s", error_text(-EIO));
	(void)error_set(EIO, "%s", why);
}

static int create_in_folder(struct container *container, const struct config *config, int bundle_fd,
	const struct process_request *request, struct process_handle *handle)
{
	const struct isolation *isolation = isolation_of(container);
	int r = create_keep_config(container, config);

	if (r < 0)
		return r;
	return request->restore ? isolation->restore(container, request, handle)
				: isolation->create(container, bundle_fd, request, handle);
}

/* What is made for its program beside it. */
static int create_furnish(
	struct container *container, struct config *config, const struct process_request *request)
{
	int r = 0;

	if (isolation_of(container) == &isolation_host)
		r = notify_prepare(container, config);
	else if (getenv("NOTIFY_SOCKET"))
		log_warning("NOTIFY_SOCKET: is not passed on into a microVM");
	if (r >= 0 && request->whisper)
		r = whisper_prepare(container, config);
	if (r >= 0 && !request->wait_for_start)
		r = notify_listen(container);
	return r;
}

static int create_make(struct container *container, int root_fd, const char *id,
	struct config *config, const char *bundle, int bundle_fd,
	const struct create_options *options, const struct isolation *isolation,
	const struct process_request *request, struct process_handle *handle)
{
	int r = container_make(container, root_fd, id);

	if (r < 0)
		return r;
	r = create_fill_record(container, config, bundle, options, isolation, request);
	if (r >= 0)
		r = create_furnish(container, config, request);
	if (r >= 0)
		r = create_in_folder(container, config, bundle_fd, request, handle);
	if (r < 0)
		create_undo(container);
	/* The record outlives the configuration. */
	container->record.annotations = (struct string_map){ 0 };
	return r;
}

static int create_check_isolation(
	const struct isolation *isolation, const struct checkpoint_request *restore)
{
	if (restore && !isolation->restore)
		return error_set(
			EOPNOTSUPP, "isolation %s: cannot restore containers", isolation->name);
	return 0;
}

int lifecycle_create(struct container *container, const struct lifecycle_request *wanted,
	const char *id, bool start, struct process_handle *handle)
{
	const struct create_options *options = wanted->options;
	const char *folder = options->bundle ? options->bundle : ".";
	_cleanup_close_ int bundle_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_cleanup_close_ int console_fd = -EBADF;
	_cleanup_config_ struct config config = { 0 };
	const struct global_options *global = wanted->global;
	enum rootless rootless = ROOTLESS_AUTO;
	const struct isolation *isolation;
	struct process_request request;
	char bundle[PATH_MAX];
	int root_fd, r;

	if (bundle_fd < 0 || !realpath(folder, bundle))
		return error_errno(errno, "bundle %s", folder);
	r = container_check_id(id);
	if (r >= 0)
		r = config_load_at(
			&config, bundle_fd, options->config ? options->config : "config.json");
	if (r >= 0)
		r = create_add_options(&config, options);
	if (r >= 0)
		r = isolation_choose(&config, global->isolation, &isolation);
	if (r >= 0)
		r = create_check_isolation(isolation, wanted->restore);
	if (r >= 0)
		r = rootless_parse(global->rootless, &rootless);
	if (r >= 0)
		r = create_check_console(options, config.process, start);
	if (r < 0)
		return r;
	if (options->console_socket) {
		console_fd = unix_socket_connect("--console-socket", options->console_socket);
		if (console_fd < 0)
			return console_fd;
	}
	root_fd = container_root_open(global);
	if (root_fd < 0)
		return root_fd;
	request = (struct process_request){
		.config = &config,
		.process = config.process,
		.pid_file = options->pid_file,
		.pidfd_socket = options->pidfd_socket
					? options->pidfd_socket
					: config_annotation(&config, ANNOTATION_PIDFD_RECEIVER),
		.console_fd = console_fd,
		.preserve_fds = options->preserve_fds + activation_pass_on(&config),
		.no_pivot = options->no_pivot,
		.no_new_keyring = options->no_new_keyring,
		.no_cgroup = global->cgroup_manager && !strcmp(global->cgroup_manager, "disabled"),
		.rootless = rootless,
		.systemd_cgroup = global->systemd_cgroup,
		.whisper = options->whisper || annotation_is_on(&config, ANNOTATION_WHISPER),
		.wait_for_start = !start,
		.restore = wanted->restore,
	};
	r = emulation_prepare(&config, isolation, &request.emulators);
	return r < 0 ? r
		     : create_make(container, root_fd, id, &config, bundle, bundle_fd, options,
			       isolation, &request, handle);
}

int lifecycle_poststart(struct container *container)
{
	_cleanup_config_ struct config config = { 0 };
	const struct container_state state = { container->id, "running", container->record.bundle,
		(pid_t)container->record.pid, &config.annotations };
	int r;

	if (!container->record.has_poststart)
		return 0;
	r = container_load_config(container, &config);
	if (r >= 0)
		r = hook_run_all(&config.hooks->poststart, "poststart", &state);
	/* runtime.md, step 11: the container is stopped. */
	if (r < 0) {
		_cleanup_free_ char *why = string_copy(error_text(r));

		(void)isolation_of(container)->kill(container, SIGKILL, true);
		(void)error_set(r, "%s", why);
	}
	return r;
}

int lifecycle_destroy(struct container *container)
{
	int r = isolation_of(container)->destroy(container);

	if (r < 0)
		return r;
	lifecycle_poststop(container);
	return container_remove(container);
}
