/* SPDX-License-Identifier: Apache-2.0 */
#include "ns/container_init.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/message.h"
#include "base/path.h"
#include "base/process.h"
#include "ns/credential.h"
#include "ns/device.h"
#include "ns/emulation.h"
#include "ns/hook.h"
#include "ns/keyring.h"
#include "ns/label.h"
#include "ns/limit.h"
#include "ns/mask.h"
#include "ns/mount.h"
#include "ns/mount_source.h"
#include "ns/network.h"
#include "ns/program.h"
#include "ns/root.h"
#include "ns/standard.h"
#include "ns/sysctl.h"
#include "ns/terminal.h"
#include "spec/annotation.h"

/* Wait for the runtime. Without one there is nobody to be a container for. */
static void init_wait_for(const struct container_plan *plan, enum message_type type)
{
	struct message message;
	int r = message_receive(plan->socket_fd, &message, NULL);

	if (r < 0 || message.type != type)
		_exit(1);
}

static void init_tell(const struct container_plan *plan, enum message_type type)
{
	if (message_send(plan->socket_fd, type, 0, NULL, -1) < 0)
		_exit(1);
}

/* Released already: then nobody waits to hear that we are ready, and waking costs. */
static void init_wait_for_release(const struct container_plan *plan)
{
	struct message message;

	if (message_receive_now(plan->socket_fd, &message) >= 0 && message.type == MESSAGE_RELEASE)
		return;
	init_tell(plan, MESSAGE_READY);
	init_wait_for(plan, MESSAGE_RELEASE);
}

bool container_init_waits(const struct container_plan *plan)
{
	return plan->namespaces->new_flags & namespace_flag(NAMESPACE_USER) ||
	       plan->config->linux->net_devices.count;
}

/* What the runtime of an ordinary user may not: with the user's ids, but all capabilities. */
static int init_open_sources(struct container_plan *plan)
{
	_cleanup_close_ int bundle_fd = open(plan->bundle, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r;

	if (bundle_fd < 0)
		return error_errno(errno, "bundle %s", plan->bundle);
	plan->root_tree_fd = root_tree_open(plan->config, bundle_fd);
	if (plan->root_tree_fd < 0)
		return plan->root_tree_fd;
	r = mount_sources_open(plan->config, bundle_fd, -1, plan->mount_tree_fds);
	return r < 0 ? error_context(r, "config.json") : 0;
}

static int init_enter(struct container_plan *plan)
{
	int r;

	/* The runtime may die at any instruction; nothing half-made must live on. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
		return error_errno(errno, "PR_SET_PDEATHSIG");
	if (setsid() < 0)
		return error_errno(errno, "setsid");
	/* Before the maps of a new user namespace are written, its owner must be able to open them. */
	if (!(plan->namespaces->new_flags & namespace_flag(NAMESPACE_USER)))
		process_hide();
	r = plan->enter_cgroup(plan->cgroup_context);
	if (strcmp(annotation_word(plan->config, ANNOTATION_AFFINITY), "keep") != 0)
		limit_affinity_reset();
	if (r >= 0)
		r = namespace_enter_late(plan->namespaces);
	if (r < 0)
		return r;
	if (container_init_waits(plan))
		init_wait_for(plan, MESSAGE_GO);
	if (plan->namespaces->new_flags & namespace_flag(NAMESPACE_USER))
		process_hide();
	if (namespace_has_user(plan->namespaces)) {
		r = plan->open_inside ? init_open_sources(plan) : 0;
		if (r >= 0)
			r = credential_become_root(plan);
		if (r < 0)
			return r;
		/* Changing ids cleared the death signal (prctl(2)). */
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	}
	if (plan->namespaces->new_flags & namespace_flag(NAMESPACE_NETWORK)) {
		r = network_set_loopback_up();
		if (r < 0)
			return r;
	}
	return plan->no_new_keyring ? 0 : keyring_join_new();
}

/* The state as a hook inside the container's namespaces gets it. */
static struct container_state init_state(const struct container_plan *plan, const char *status)
{
	return (struct container_state){
		.id = plan->id,
		.status = status,
		.bundle = plan->bundle,
		.pid = getpid(),
		.annotations = &plan->config->annotations,
	};
}

/* process.cwd is made when the image lacks it, as every runtime does. */
static int init_make_folder(const struct container_plan *plan)
{
	int fd = path_make_in_root(plan->root_tree_fd, plan->process->cwd, PATH_FOLDER, 0755);

	/* On a read-only image the attempt to enter it will tell more. */
	if (fd < 0 && fd != -EROFS)
		return error_errno(fd, "process.cwd: cannot make %s", plan->process->cwd);
	file_close(&fd);
	return 0;
}

static int init_hooks_before_pivot(const struct container_plan *plan)
{
	const struct config_hooks *hooks = plan->config->hooks;
	char *const nothing[] = { NULL };
	struct container_state state;

	if (!hooks)
		return 0;
	if (hooks->prestart.count || hooks->create_runtime.count) {
		init_tell(plan, MESSAGE_HOOKS);
		init_wait_for(plan, MESSAGE_GO);
	}
	state = init_state(plan, "creating");
	/* The runtime's environment is wiped here (process_hide). */
	return hook_run_confined(
		&hooks->create_container, "createContainer", &state, NULL, nothing);
}

static int init_furnish_root(const struct container_plan *plan)
{
	int r = root_attach(plan);

	if (r >= 0)
		r = mount_all(plan);
	if (r >= 0)
		r = device_all(plan);
	if (r >= 0 && plan->emulators.count)
		r = emulation_set_up(plan);
	if (r >= 0)
		r = init_make_folder(plan);
	if (r >= 0)
		r = init_hooks_before_pivot(plan);
	if (r >= 0 && plan->process->terminal)
		r = terminal_open(plan, plan->root_tree_fd, true);
	if (r >= 0)
		r = mask_all(plan);
	if (r >= 0)
		r = mount_finish(plan);
	return r < 0 ? r : root_switch(plan);
}

/* A container that shares the host's mount namespace gets a root and no mounts. */
static int init_chroot(const struct container_plan *plan)
{
	int r = 0;

	if (plan->process->terminal)
		r = terminal_open(plan, plan->root_tree_fd, false);
	if (r >= 0 && (fchdir(plan->root_tree_fd) < 0 || chroot(".") < 0 || chdir("/") < 0))
		r = error_errno(errno, "chroot");
	return r;
}

static int init_set_up(struct container_plan *plan)
{
	int r = init_enter(plan);

	if (r >= 0)
		r = sysctl_names(plan);
	if (r >= 0)
		r = sysctl_all(plan);
	if (r >= 0)
		r = config_namespace(plan->config, NAMESPACE_MOUNT) ? init_furnish_root(plan)
								    : init_chroot(plan);
	if (r >= 0)
		r = limit_all(plan);
	if (r >= 0)
		r = limit_scheduler(plan, 0);
	return r;
}

/*
 * What the container's program may hold, 0 to 2 and --preserve-fds, and what is needed until then:
 * from here on the process has the rights of those who may look at it.
 */
static void init_close_others(const struct container_plan *plan)
{
	const int kept[] = { plan->socket_fd, plan->fifo_fd,
		plan->fifo_fd >= 0 ? plan->proc_fd : -1 };

	process_close_others(3 + plan->preserve_fds, kept, ARRAY_SIZE(kept));
}

static int init_become_program(const struct container_plan *plan, struct program *program)
{
	int r = label_prepare(plan);

	standard_give_to(plan->process->user);
	init_close_others(plan);
	program_try_folder(plan->process);
	if (r >= 0)
		r = credential_apply(plan);
	if (r >= 0)
		r = program_enter_folder(plan->process);
	if (r >= 0)
		r = program_find(plan->process, program);
	signal_reset_all();
	return r;
}

/*
 * Wait in open(2) until `start` reads exec.fifo. Whoever could look at this
 * process meanwhile finds no descriptor of the host but these two.
 */
static int init_wait_for_start(const struct container_plan *plan, int *start_fd)
{
	char path[40];

	(void)close(plan->socket_fd);
	(void)snprintf(path, sizeof(path), "self/fd/%d", plan->fifo_fd);
	*start_fd = openat(plan->proc_fd, path, O_WRONLY | O_CLOEXEC);
	if (*start_fd < 0)
		return error_errno(errno, "exec.fifo");
	(void)close(plan->proc_fd);
	return 0;
}

/*
 * The filter is installed as late as can be. One with a listener needs a runtime
 * that hands the listener on, and that of `create` is gone when the program starts.
 * Hooks in the container must not come before it either.
 */
static bool init_installs_early(const struct container_plan *plan)
{
	const struct config_hooks *hooks = plan->config->hooks;

	return plan->seccomp && plan->seccomp->notifies &&
	       (plan->fifo_fd >= 0 || (hooks && hooks->start_container.count));
}

static int init_run_start_hooks(const struct container_plan *plan, const struct program *program)
{
	struct container_state state;

	if (!plan->config->hooks)
		return 0;
	state = init_state(plan, "created");
	return hook_run_confined(&plan->config->hooks->start_container, "startContainer", &state,
		init_installs_early(plan) ? NULL : plan->seccomp, program->environment);
}

static __attribute__((noreturn)) void init_fail(int socket_fd, int start_fd, int error)
{
	const char *text = error_text(error);

	if (start_fd >= 0)
		(void)file_write_all(start_fd, text, strlen(text));
	else
		(void)message_send(socket_fd, MESSAGE_ERROR, error, text, -1);
	_exit(1);
}

void container_init(void *context)
{
	struct container_plan *plan = context;
	struct program program = { 0 };
	int start_fd = -1, r;

	(void)close(plan->runtime_fd);
	r = init_set_up(plan);

	if (r >= 0)
		r = init_become_program(plan, &program);
	if (r < 0)
		init_fail(plan->socket_fd, -1, r);
	(void)prctl(PR_SET_PDEATHSIG, 0);
	if (init_installs_early(plan))
		r = seccomp_install(plan->seccomp, plan->socket_fd);
	if (r < 0)
		init_fail(plan->socket_fd, -1, r);
	init_wait_for_release(plan);
	if (plan->fifo_fd >= 0)
		r = init_wait_for_start(plan, &start_fd);
	if (r >= 0)
		r = init_run_start_hooks(plan, &program);
	if (r >= 0)
		r = process_seal_descriptors(3 + plan->preserve_fds);
	if (r >= 0)
		r = limit_resources_set(plan->process);
	if (r >= 0 && plan->seccomp && !init_installs_early(plan))
		r = seccomp_install(plan->seccomp, plan->socket_fd);
	if (r >= 0)
		r = program_execute(&program);
	init_fail(plan->socket_fd, start_fd, r);
}
