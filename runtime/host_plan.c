/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/host_plan.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "base/process.h"
#include "ns/container_exec.h"
#include "ns/container_init.h"
#include "ns/label.h"
#include "ns/mount_source.h"
#include "ns/network_device.h"
#include "ns/root.h"
#include "spec/annotation.h"

/* The one procfs that is trusted for labels and sysctls: the host's, checked to be one. */
static int plan_open_proc(void)
{
	_cleanup_close_ int fd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct statfs filesystem;

	if (fd < 0)
		return error_errno(errno, "/proc");
	if (fstatfs(fd, &filesystem) < 0 || filesystem.f_type != PROC_SUPER_MAGIC)
		return error_set(EINVAL, "/proc is not procfs");
	return TAKE_FD(fd);
}

/* Compiled filters live beside the containers; '@' is in no container's id. */
static int plan_open_seccomp_cache(int root_fd)
{
	const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	int fd = openat(root_fd, "@seccomp", flags);

	if (fd < 0 && errno == ENOENT) {
		(void)mkdirat(root_fd, "@seccomp", 0700);
		fd = openat(root_fd, "@seccomp", flags);
	}
	return fd;
}

static int plan_prepare_seccomp(struct host_plan *plan, int root_fd)
{
	const struct config_seccomp *config = plan->init.config->linux->seccomp;
	_cleanup_close_ int cache_fd = -EBADF;
	int r;

	if (!config)
		return 0;
	cache_fd = plan_open_seccomp_cache(root_fd);
	r = seccomp_prepare(config, cache_fd, &plan->seccomp);
	if (r < 0)
		return r;
	plan->init.seccomp = &plan->seccomp;
	return 0;
}

/* In a user namespace, the container's or the one that hull is in. */
static bool plan_is_unprivileged(const struct host_plan *plan)
{
	return namespace_has_user(&plan->namespaces) || process_is_rootless();
}

/* What of the container's terminal is decided by the terminal or file of the caller. */
static void plan_find_console(struct host_plan *plan, const struct process_request *request)
{
	struct winsize size;

	plan->init.console_size = request->process->console_size;
	if (request->console_fd >= 0)
		return;
	plan->init.console_into_file = !isatty(STDOUT_FILENO);
	if (ioctl(STDIN_FILENO, TIOCGWINSZ, &size) < 0)
		return;
	plan->console_size = (struct config_console_size){ size.ws_row, size.ws_col };
	plan->init.console_size = &plan->console_size;
}

static int plan_prepare_common(struct host_plan *plan, const struct container *container,
	const struct process_request *request)
{
	int r;

	plan->init.id = container->id;
	plan->init.bundle = container->record.bundle;
	plan->init.rootfs = container->record.rootfs;
	plan->init.config = request->config;
	plan->init.process = request->process;
	if (request->process->terminal)
		plan_find_console(plan, request);
	plan->init.keep_groups = annotation_is_on(request->config, ANNOTATION_KEEP_GROUPS);
	plan->init.no_pivot = request->no_pivot;
	plan->init.no_new_keyring = request->no_new_keyring;
	plan->init.preserve_fds = request->preserve_fds;
	plan->init.namespaces = &plan->namespaces;
	capability_parse(request->process->capabilities, &plan->init.capabilities);
	plan->init.proc_fd = plan_open_proc();
	if (plan->init.proc_fd < 0)
		return plan->init.proc_fd;
	r = plan_prepare_seccomp(plan, container->root_fd);
	return r;
}

static int plan_open_sources(struct host_plan *plan, int bundle_fd)
{
	const struct config *config = plan->init.config;
	int r;

	if (!config_namespace(config, NAMESPACE_MOUNT)) {
		if (config->mounts.count)
			return error_set(EINVAL,
				"config.json: mounts: need a mount namespace, add one to "
				"linux.namespaces");
		plan->init.root_tree_fd =
			openat(bundle_fd, config->root->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
		return plan->init.root_tree_fd < 0
			       ? error_errno(
					 errno, "config.json: root.path: %s", config->root->path)
			       : 0;
	}
	plan->init.mount_tree_fds =
		memory_allocate((config->mounts.count + 1) * sizeof(*plan->init.mount_tree_fds));
	for (size_t i = 0; i < config->mounts.count; i++)
		plan->init.mount_tree_fds[i] = -1;
	plan->init.root_tree_fd = root_tree_open(config, bundle_fd);
	if (plan->init.root_tree_fd == -EPERM && namespace_has_user(&plan->namespaces)) {
		error_clear();
		plan->init.open_inside = true;
		return 0;
	}
	if (plan->init.root_tree_fd < 0)
		return plan->init.root_tree_fd;
	r = mount_sources_open(config, bundle_fd, plan->init.proc_fd, plan->init.mount_tree_fds);
	return r < 0 ? error_context(r, "config.json") : 0;
}

int host_plan_prepare(struct host_plan *plan, const struct container *container, int bundle_fd,
	const struct process_request *request)
{
	int r = plan_prepare_common(plan, container, request);

	if (r >= 0)
		r = namespace_set_open(&plan->namespaces, request->config, plan->init.proc_fd);
	if (r >= 0)
		r = label_check_mounts(plan->init.proc_fd, request->config->linux->mount_label);
	if (r >= 0)
		r = plan_open_sources(plan, bundle_fd);
	if (r < 0)
		return r;
	plan->init.unprivileged = plan_is_unprivileged(plan);
	plan->init.emulators = request->emulators;
	return 0;
}

int host_plan_prepare_exec(struct host_plan *plan, const struct container *container,
	const struct process_request *request)
{
	int r = plan_prepare_common(plan, container, request);

	if (r < 0)
		return r;
	/* What the container has, made or joined, is joined now. */
	for (size_t i = 0; i < request->config->linux->namespaces.count; i++)
		plan->namespaces.beside_flags |= namespace_flag(
			(enum namespace_type)request->config->linux->namespaces.items[i].type);
	if (container->record.user_namespace_added)
		plan->namespaces.beside_flags |= namespace_flag(NAMESPACE_USER);
	return 0;
}

static int plan_enter_cgroup(void *context)
{
	const struct host_plan *plan = context;

	return cgroup_enter(plan->cgroup, plan->by_clone);
}

int host_plan_set_cgroup(struct host_plan *plan, struct cgroup *cgroup)
{
	const struct cgroup_view *views = cgroup_views(cgroup);
	size_t count = 0;

	plan->cgroup = cgroup;
	plan->by_clone = cgroup_clone_fd(cgroup) >= 0;
	plan->init.enter_cgroup = plan_enter_cgroup;
	plan->init.cgroup_context = plan;
	while (views[count].name)
		count++;
	free(plan->views);
	plan->views = memory_allocate_zero((count + 1) * sizeof(*plan->views));
	for (size_t i = 0; i < count; i++)
		plan->views[i] =
			(struct plan_cgroup_view){ views[i].name, views[i].root, views[i].path };
	plan->init.cgroup_views = plan->views;
	return 0;
}

int host_plan_spawn(struct host_plan *plan, struct process_handle *handle)
{
	struct spawned spawned = { .pidfd = -1 };
	int r = namespace_spawn(&plan->namespaces, cgroup_clone_fd(plan->cgroup), container_init,
		&plan->init, &spawned);

	handle->pid = spawned.pid;
	handle->pidfd = spawned.pidfd;
	return r;
}

int host_plan_furnish(struct host_plan *plan, const struct process_handle *handle)
{
	_cleanup_close_ int own_fd = -EBADF;
	int joined = plan->namespaces.join_fds[NAMESPACE_NETWORK];
	char path[40];

	if (!plan->init.config->linux->net_devices.count)
		return 0;
	if (joined >= 0)
		return network_devices_move(plan->init.config, joined, &plan->devices);
	(void)snprintf(path, sizeof(path), "%d/ns/net", handle->pid);
	own_fd = openat(plan->init.proc_fd, path, O_RDONLY | O_CLOEXEC);
	if (own_fd < 0)
		return error_errno(errno, "the container's network namespace");
	return network_devices_move(plan->init.config, own_fd, &plan->devices);
}

void host_plan_take_back(struct host_plan *plan)
{
	network_devices_return(plan->devices);
}

int host_plan_spawn_beside(struct host_plan *plan, int pidfd, struct process_handle *handle)
{
	struct spawned spawned = { .pidfd = -1 };
	const struct namespace_steps steps = { container_exec_begin, container_exec_prepare,
		container_exec, &plan->init };
	int r = namespace_spawn_beside(
		&plan->namespaces, pidfd, cgroup_clone_fd(plan->cgroup), &steps, &spawned);

	/* A user may move a process only below what is delegated to him, not out of another session. */
	if (r == -EACCES && plan->by_clone && process_is_rootless()) {
		log_warning("the process stays in hull's cgroup, as this user may not move it into "
			    "the container's from there");
		error_clear();
		r = namespace_spawn_beside(&plan->namespaces, pidfd, -1, &steps, &spawned);
	}
	handle->pid = spawned.pid;
	handle->pidfd = spawned.pidfd;
	return r;
}

void host_plan_free(struct host_plan *plan)
{
	file_close(&plan->init.proc_fd);
	file_close(&plan->init.fifo_fd);
	file_close(&plan->init.root_tree_fd);
	namespace_set_close(&plan->namespaces);
	if (plan->init.mount_tree_fds)
		for (size_t i = 0; i < plan->init.config->mounts.count; i++)
			file_close(&plan->init.mount_tree_fds[i]);
	free(plan->init.mount_tree_fds);
	free(plan->views);
	seccomp_program_free(&plan->seccomp);
	network_move_free(plan->devices);
}
