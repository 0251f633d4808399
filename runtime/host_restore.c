/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/host_checkpoint.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/process.h"
#include "base/syscall.h"
#include "checkpoint/criu.h"
#include "ns/hook.h"
#include "ns/id_map.h"
#include "runtime/announce.h"
#include "runtime/cgroup_owner.h"
#include "runtime/checkpoint_ability.h"
#include "runtime/checkpoint_folder.h"
#include "runtime/external.h"
#include "runtime/host_cgroup.h"
#include "runtime/host_process.h"
#include "runtime/host_rdt.h"
#include "runtime/whisper.h"

#define ROOT_FOLDER "root"

struct restore {
	struct container *container;
	const struct process_request *request;
	struct process_handle *handle;
	struct cgroup *cgroup;
	char root[PATH_MAX]; /* where CRIU finds the root file system */
};

/*
 * In CRIU's process: what it makes is in the cgroup, and sees that as the root of its namespace, from
 * the first moment. CRIU, which leaves cgroups alone, would make no such namespace.
 */
static int enter_cgroup(const struct restore *restore)
{
	const struct config_namespace *wanted =
		config_namespace(restore->request->config, NAMESPACE_CGROUP);
	_cleanup_close_ int fd = -EBADF;
	int r = cgroup_enter(restore->cgroup, cgroup_clone_fd(restore->cgroup) >= 0);

	if (r < 0 || !wanted)
		return r;
	if (!wanted->path || !*wanted->path)
		return unshare(CLONE_NEWCGROUP) < 0 ? error_errno(errno, "a new cgroup namespace")
						    : 0;
	fd = open(wanted->path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || setns(fd, CLONE_NEWCGROUP) < 0)
		return error_errno(errno, "config.json: linux.namespaces: %s", wanted->path);
	return 0;
}

/*
 * CRIU wants a root that is a mount of its own, with nothing mounted over the mount below. In its
 * own mount namespace: the host's has nothing of it.
 */
static int restore_prepare(void *context)
{
	const struct restore *restore = context;
	const struct mount_attr readonly = { .attr_set = MOUNT_ATTR_RDONLY };
	const char *rootfs = restore->container->record.rootfs;
	int r = enter_cgroup(restore);

	if (r < 0)
		return r;
	if (unshare(CLONE_NEWNS) < 0 || sys_mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0)
		return error_errno(errno, "a mount namespace for CRIU");
	if (sys_mount(rootfs, restore->root, NULL, MS_BIND | MS_REC, NULL) < 0)
		return error_errno(errno, "%s", rootfs);
	/* CRIU gives all mounts the flags that they had, but the root. */
	if (restore->request->config->root->readonly &&
		sys_mount_setattr(AT_FDCWD, restore->root, 0, &readonly) < 0)
		return error_errno(errno, "%s: cannot be made read-only", rootfs);
	return 0;
}

static int restore_hooks(const struct restore *restore, pid_t pid)
{
	const struct config *config = restore->request->config;
	const struct container_state state = { restore->container->id, "creating",
		restore->container->record.bundle, pid, &config->annotations };
	int r;

	if (!config->hooks)
		return 0;
	r = hook_run_all(&config->hooks->prestart, "prestart", &state);
	return r < 0 ? r : hook_run_all(&config->hooks->create_runtime, "createRuntime", &state);
}

static int restore_terminal(const struct restore *restore, int fd)
{
	if (fd < 0)
		return error_set(EPROTO, "the terminal did not arrive");
	if (restore->request->console_fd >= 0)
		return announce_terminal(restore->request->console_fd, fd);
	if (restore->handle->terminal_fd >= 0)
		return 0;
	restore->handle->terminal_fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	return restore->handle->terminal_fd < 0 ? error_errno(errno, "the terminal") : 0;
}

/* All its processes exist, and none runs yet. */
static int restore_record(const struct restore *restore, pid_t pid)
{
	struct process_handle *handle = restore->handle;

	if (handle->pid > 0)
		return 0;
	handle->pidfd = process_open(pid);
	if (handle->pidfd < 0)
		return error_errno(handle->pidfd, "the restored process");
	handle->pid = pid;
	return host_record_process(restore->container, handle);
}

static int restore_complete(const struct restore *restore, pid_t pid)
{
	const struct checkpoint_hold *hold = restore->request->restore->hold;
	int r = restore_record(restore, pid);

	return r < 0 || !hold ? r : hold->held(hold->context);
}

static int restore_notify(void *context, const char *script, pid_t pid, int fd)
{
	const struct restore *restore = context;

	if (!strcmp(script, "setup-namespaces"))
		return restore_hooks(restore, pid);
	if (!strcmp(script, "orphan-pts-master"))
		return restore_terminal(restore, fd);
	if (!strcmp(script, "post-restore") && pid > 0)
		return restore_complete(restore, pid);
	return 0;
}

static int restore_request(struct restore *restore, struct criu *criu,
	const struct criu_options *options, const struct checkpoint_folder *folder)
{
	pid_t pid = 0;
	int r = criu_request(
		criu, CRIU_RESTORE, options, folder->work_path, restore_notify, restore, &pid);

	if (r >= 0)
		r = pid > 0 ? restore_record(restore, pid)
			    : error_set(EPROTO, "CRIU has restored no process");
	if (r >= 0)
		r = host_rdt_enter(restore->container, restore->handle->pid);
	if (r >= 0 && restore->request->whisper)
		r = whisper_start(restore->container, restore->cgroup, restore->handle);
	if (r >= 0)
		r = announce_pidfd(
			restore->request->pidfd_socket, restore->handle->pidfd, "standard");
	return r < 0 ? r : process_handle_write_pid(restore->handle, restore->request->pid_file);
}

static int restore_run(struct restore *restore, const struct criu_options *options,
	const struct checkpoint_folder *folder, struct host_tenant *tenant)
{
	const struct criu_start start = {
		.program = restore->request->restore->criu,
		.cgroup_fd = cgroup_clone_fd(restore->cgroup),
		.prepare = restore_prepare,
		.context = restore,
		.inherited = &options->inherited,
	};
	_cleanup_criu_ struct criu criu = CRIU_NONE;
	int r = criu_start(&criu, &start);

	if (r >= 0)
		r = host_start_cgroup(restore->container,
			restore->request->config->linux->resources, tenant, restore->cgroup,
			criu.pid);
	if (r >= 0)
		r = cgroup_owner_set(restore->cgroup, restore->request->config);
	if (r >= 0)
		r = criu_meet(&criu);
	if (r >= 0)
		r = checkpoint_ability_restore(&criu, restore->request->restore);
	if (r >= 0)
		r = restore_request(restore, &criu, options, folder);
	if (r < 0)
		process_handle_abandon(restore->handle);
	return r;
}

static int restore_fill(const struct restore *restore, const struct checkpoint_folder *folder,
	struct arena *arena, struct criu_options *options)
{
	const struct external external = { restore->container, restore->request->config,
		restore->cgroup, arena, options };
	int r;

	checkpoint_folder_fill(folder, restore->request->restore, "restore.log", options);
	options->root = restore->root;
	options->restore_sibling = true;
	/* Another root file system than that which was saved, the archive's changes in it. */
	options->skip_mode_check = restore->request->restore->scratch != NULL;
	r = external_give_mounts(&external);
	if (r >= 0)
		r = external_give_namespaces(&external);
	return r < 0 ? r : external_give_streams(&external, folder->images_fd);
}

/* The id of the host that is 0 in the namespace. */
static uint32_t mapped_root(const struct config_id_mappings *mappings)
{
	for (size_t i = 0; i < mappings->count; i++)
		if (mappings->items[i].container_id == 0)
			return (uint32_t)mappings->items[i].host_id;
	return 0;
}

/*
 * CRIU reads the images first as the host's root, without its rights, and later as the root of the
 * container's user namespace. Their folder is the former's alone; so it is seen through a mount where
 * its group is the latter's.
 */
static int give_images(struct checkpoint_folder *folder, const struct config *config)
{
	struct mount_attr attributes = { .attr_set = MOUNT_ATTR_IDMAP };
	_cleanup_close_ int user_fd = -EBADF, tree_fd = -EBADF, proc_fd = -EBADF;
	struct id_mapping uid, gid;
	struct stat st;
	int fd;

	if (!config->linux->uid_mappings.count)
		return 0;
	proc_fd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (proc_fd < 0)
		return error_errno(errno, "/proc");
	if (fstat(folder->images_fd, &st) < 0 ||
		fchmod(folder->images_fd, st.st_mode | S_IXGRP) < 0)
		return error_errno(errno, "--image-path");
	uid = (struct id_mapping){ st.st_uid, st.st_uid, 1 };
	gid = (struct id_mapping){ st.st_gid, mapped_root(&config->linux->gid_mappings), 1 };
	user_fd = id_map_open(proc_fd, &(struct config_id_mappings){ &uid, 1 },
		&(struct config_id_mappings){ &gid, 1 });
	if (user_fd < 0)
		return user_fd;
	attributes.userns_fd = (uint64_t)user_fd;
	tree_fd = sys_open_tree(
		folder->images_fd, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH);
	if (tree_fd < 0 || sys_mount_setattr(tree_fd, "", AT_EMPTY_PATH, &attributes) < 0)
		return error_errno(errno, "--image-path: cannot be shown to a user namespace");
	fd = openat(tree_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return error_errno(errno, "--image-path");
	file_close(&folder->images_fd);
	folder->images_fd = fd;
	return 0;
}

/* In the state folder, so that whatever becomes of this hull, `delete` removes it. */
static int make_root_folder(struct restore *restore)
{
	int folder_fd = restore->container->folder_fd;
	char path[40];
	ssize_t n;

	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", folder_fd);
	n = readlink(path, restore->root, sizeof(restore->root) - sizeof("/" ROOT_FOLDER));
	if (n < 0 || mkdirat(folder_fd, ROOT_FOLDER, 0700) < 0)
		return error_errno(errno, "cannot make a folder for the root file system");
	memcpy(restore->root + n, "/" ROOT_FOLDER, sizeof("/" ROOT_FOLDER));
	return 0;
}

int host_restore(struct container *container, const struct process_request *request,
	struct process_handle *handle)
{
	_cleanup_checkpoint_folder_ struct checkpoint_folder folder = CHECKPOINT_FOLDER_NONE;
	_cleanup_cgroup_ struct cgroup *cgroup = NULL;
	_cleanup_host_tenant_ struct host_tenant tenant = HOST_TENANT_NONE;
	_cleanup_arena_ struct arena arena = { 0 };
	struct restore restore = { container, request, handle, NULL, "" };
	struct criu_options options = { 0 };
	int r = checkpoint_folder_open(&folder, request->restore, false);

	if (r < 0)
		return r;
	r = give_images(&folder, request->config);
	if (r >= 0)
		r = make_root_folder(&restore);
	if (r < 0)
		return r;
	r = host_make_cgroup(
		container, request, request->config->linux->resources, &tenant, &cgroup);
	restore.cgroup = cgroup;
	if (r >= 0)
		r = host_rdt_make(container, request->config->linux->intel_rdt);
	if (r >= 0)
		r = restore_fill(&restore, &folder, &arena, &options);
	if (r >= 0)
		r = restore_run(&restore, &options, &folder, &tenant);
	external_close(&options);
	if (request->restore->scratch)
		(void)file_remove_tree_at(AT_FDCWD, request->restore->scratch);
	(void)unlinkat(container->folder_fd, ROOT_FOLDER, AT_REMOVEDIR);
	return r;
}
