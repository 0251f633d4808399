/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/host_mounts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/process.h"
#include "ns/credential.h"
#include "ns/mount_live.h"
#include "ns/mount_source.h"
#include "ns/namespace.h"
#include "spec/annotation.h"

struct mount_change {
	const struct config *config;
	bool add, has_user;
	int root_fd, *trees;
};

static int mounts_begin(void *context)
{
	(void)context;
	process_hide();
	return 0;
}

/* In a process of its own, which has joined the namespaces and ends with this. */
static int mounts_change_inside(void *context)
{
	const struct mount_change *change = context;
	const struct container_plan plan = { .process = change->config->process,
		.keep_groups = annotation_is_on(change->config, ANNOTATION_KEEP_GROUPS) };
	int r = change->has_user ? credential_become_root(&plan) : 0;

	if (r < 0)
		return r;
	return change->add ? mount_live_add(change->config, change->trees, change->root_fd)
			   : mount_live_remove(change->config, change->root_fd);
}

static __attribute__((noreturn)) void mounts_end(void *context)
{
	(void)context;
	_exit(0);
}

/* Of the container's namespaces, those that file systems belong to. */
static uint64_t mounts_namespaces(const struct container *container, const struct config *config)
{
	static const enum namespace_type types[] = { NAMESPACE_MOUNT, NAMESPACE_USER,
		NAMESPACE_NETWORK, NAMESPACE_IPC };
	uint64_t flags =
		container->record.user_namespace_added ? namespace_flag(NAMESPACE_USER) : 0;

	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		if (config_namespace(config, types[i]))
			flags |= namespace_flag(types[i]);
	return flags;
}

static int mounts_change(
	const struct container *container, const struct mount_change *change, int pidfd)
{
	const struct namespace_set set = { .beside_flags =
						   mounts_namespaces(container, change->config) };
	struct mount_change wanted = *change;
	struct spawned spawned = { .pidfd = -1 };
	int r;

	wanted.has_user = set.beside_flags & namespace_flag(NAMESPACE_USER);
	r = namespace_spawn_beside(&set, pidfd, -1,
		&(struct namespace_steps){
			mounts_begin, mounts_change_inside, mounts_end, &wanted },
		&spawned);
	if (r < 0)
		return r;
	file_close(&spawned.pidfd);
	r = process_wait(spawned.pid);
	return r < 0 ? error_errno(r, "cannot wait for a process") : 0;
}

int host_change_mounts(const struct container *container, const struct config *config, bool add)
{
	const size_t count = config->mounts.count;
	_cleanup_close_ int pidfd = container_process_open(container);
	_cleanup_close_ int proc_fd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_cleanup_close_ int root_fd = -EBADF;
	int *trees = memory_allocate((count + 1) * sizeof(*trees)), r = 0;
	_cleanup_free_ void *owned = trees;
	char path[40];

	for (size_t i = 0; i < count; i++)
		trees[i] = -1;
	(void)snprintf(path, sizeof(path), "%lld/root", (long long)container->record.pid);
	root_fd = openat(proc_fd, path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	/* The process of the descriptor runs still: so the path was its. */
	if (pidfd < 0 || !container_runs(container))
		return error_set(ESRCH, "container not running");
	if (root_fd < 0)
		return error_errno(errno, "the container's root");
	if (!config_namespace(config, NAMESPACE_MOUNT))
		return error_set(
			EINVAL, "container %s has no mount namespace of its own", container->id);
	if (add)
		r = mount_sources_open(config, AT_FDCWD, proc_fd, trees);
	if (r >= 0)
		r = mounts_change(container,
			&(struct mount_change){
				.config = config, .add = add, .root_fd = root_fd, .trees = trees },
			pidfd);
	for (size_t i = 0; i < count; i++)
		file_close(&trees[i]);
	return r;
}
