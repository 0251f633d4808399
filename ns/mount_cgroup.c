/* SPDX-License-Identifier: Apache-2.0 */
#include "ns/mount_cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/file.h"
#include "base/syscall.h"
#include "ns/mount.h"

#define ATTRIBUTES (MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC)

/*
 * A bind mount of the group's own folder looks the same from inside a cgroup
 * namespace as a new mount of the hierarchy, and costs 0.02 ms: a new cgroup2
 * mount waits up to 19 ms for the kernel once a device program was attached.
 */
static int view_open(const struct plan_cgroup_view *view, const char *path, uint64_t attributes)
{
	_cleanup_close_ int fd = -EBADF;
	struct mount_attr attr = { .attr_set = ATTRIBUTES | attributes };
	char source[4096];

	if (snprintf(source, sizeof(source), "%s/%s", view->root, path) >= (int)sizeof(source))
		return error_set(ENAMETOOLONG, "the path of the cgroup is too long");
	fd = sys_open_tree(AT_FDCWD, source, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	if (fd < 0)
		return error_errno(errno, "cgroup %s", source);
	if (sys_mount_setattr(fd, "", AT_EMPTY_PATH, &attr) < 0)
		return error_errno(errno, "cgroup %s: cannot set its mount attributes", source);
	return TAKE_FD(fd);
}

/* "cpu,cpuacct" is also found under each of its names. */
static void view_link(int folder, const char *name)
{
	char word[64];

	for (const char *at = name; strchr(name, ',') && *at;) {
		size_t length = strcspn(at, ",");

		if (length < sizeof(word)) {
			memcpy(word, at, length);
			word[length] = '\0';
			(void)symlinkat(name, folder, word);
		}
		at += length + (at[length] == ',');
	}
}

static int view_attach(int folder, const struct plan_cgroup_view *view, uint64_t attributes)
{
	_cleanup_close_ int fd = view_open(view, view->path, attributes);
	_cleanup_close_ int target = -EBADF;

	if (fd < 0)
		return fd;
	if (mkdirat(folder, view->name, 0755) < 0)
		return error_errno(errno, "cgroup folder %s", view->name);
	target = openat(folder, view->name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (target < 0)
		return error_errno(errno, "cgroup folder %s", view->name);
	view_link(folder, view->name);
	return mount_attach(fd, target);
}

static int mount_hierarchies(const struct plan_cgroup_view *views, uint64_t attributes, int target)
{
	static const char *const options[] = { "mode=755", NULL };
	struct mount_attr attr = { .attr_set = attributes };
	_cleanup_close_ int fd = mount_filesystem("tmpfs", "tmpfs", options, ATTRIBUTES);
	int r;

	if (fd < 0)
		return fd;
	r = mount_attach(fd, target);
	for (; r >= 0 && views->name; views++)
		r = view_attach(fd, views, attributes);
	if (r >= 0 && attributes && sys_mount_setattr(fd, "", AT_EMPTY_PATH, &attr) < 0)
		r = error_errno(errno, "cannot set the mount attributes");
	return r;
}

int mount_cgroup(
	const struct container_plan *plan, const struct mount_options *options, int target_fd)
{
	const struct plan_cgroup_view *view = plan->cgroup_views;
	bool own_namespace = config_namespace(plan->config, NAMESPACE_CGROUP) != NULL;
	uint64_t attributes = options->set & MOUNT_ATTR_RDONLY;
	_cleanup_close_ int fd = -EBADF;

	/* Above the container's own group, what was delegated to its user is his to change (CVE-2023-25809). */
	if (plan->unprivileged && !own_namespace)
		attributes = MOUNT_ATTR_RDONLY;
	/* A container without a cgroup sees none. */
	if (!view->name)
		return mount_hierarchies(view, MOUNT_ATTR_RDONLY, target_fd);
	if (*view->name)
		return mount_hierarchies(view, attributes, target_fd);
	/* In the host's cgroup namespace the whole tree is what processes read about. */
	fd = view_open(view, own_namespace ? view->path : "", attributes);
	return fd < 0 ? fd : mount_attach(fd, target_fd);
}
