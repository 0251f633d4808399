/* SPDX-License-Identifier: Apache-2.0 */
#include "ns/mount_source.h"

#include <errno.h>
#include <fcntl.h>

#include "base/error.h"
#include "base/file.h"
#include "base/syscall.h"
#include "ns/id_map.h"
#include "ns/mount_option.h"
#include "ns/mount_symlink.h"

/* A mount on the host must not become a way out: as the root, unless the root is shared. */
static int mount_inherit_propagation(int fd, const struct config *config)
{
	const char *word = config->linux->rootfs_propagation;
	struct mount_attr attributes = { 0 };
	uint64_t propagation;
	bool recursive;

	if (!mount_propagation_parse(word && *word ? word : "rslave", &propagation, &recursive))
		return -EINVAL;
	attributes.propagation = propagation;
	if (sys_mount_setattr(fd, "", AT_EMPTY_PATH | AT_RECURSIVE, &attributes) < 0)
		return -errno;
	return 0;
}

/* With mappings of its own, or with those of the container. */
static int mount_map_ids(int fd, const struct config *config, size_t index,
	const struct mount_options *options, int proc_fd)
{
	const struct config_mount *mount = &config->mounts.items[index];
	bool own = mount->uid_mappings.count > 0;
	struct mount_attr attributes = { .attr_set = MOUNT_ATTR_IDMAP };
	_cleanup_close_ int user_fd = -EBADF;

	if (!options->id_map)
		return 0;
	if (!own && !config->linux->uid_mappings.count)
		return error_set(EINVAL,
			"mounts[%zu].options: idmap needs mappings, of the mount or "
			"of the "
			"container",
			index);
	if (proc_fd < 0)
		return error_set(EPERM,
			"mounts[%zu]: ids can be mapped on this file system by root "
			"alone",
			index);
	user_fd = id_map_open(proc_fd, own ? &mount->uid_mappings : &config->linux->uid_mappings,
		own ? &mount->gid_mappings : &config->linux->gid_mappings);
	if (user_fd < 0)
		return user_fd;
	attributes.userns_fd = (uint64_t)user_fd;
	if (sys_mount_setattr(fd, "",
		    AT_EMPTY_PATH | (options->id_map_recursive ? AT_RECURSIVE : 0),
		    &attributes) < 0)
		return error_errno(
			errno, "mounts[%zu]: ids cannot be mapped on this file system", index);
	return 0;
}

static int mount_source_open(const struct config *config, size_t index,
	const struct mount_options *options, int folder, int proc_fd)
{
	const struct config_mount *mount = &config->mounts.items[index];
	unsigned int flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC;
	_cleanup_close_ int fd = -EBADF;
	int r;

	if (!mount->source)
		return error_set(EINVAL, "mounts[%zu].source: is required for a bind mount", index);
	if (options->copy_symlink) {
		fd = mount_symlink_open(folder, mount->source);
		if (fd >= 0)
			return TAKE_FD(fd);
	}
	if (options->recursive)
		flags |= AT_RECURSIVE;
	if (options->source_no_follow)
		flags |= AT_SYMLINK_NOFOLLOW;
	fd = sys_open_tree(folder, mount->source, flags);
	if (fd < 0)
		return error_errno(errno, "mounts[%zu].source: %s", index, mount->source);
	r = mount_map_ids(fd, config, index, options, proc_fd);
	if (r < 0)
		return r;
	r = mount_inherit_propagation(fd, config);
	if (r >= 0)
		r = mount_options_apply(options, fd);
	if (r < 0)
		return error_errno(r, "mounts[%zu].options: cannot be applied", index);
	return TAKE_FD(fd);
}

int mount_sources_open(const struct config *config, int bundle_fd, int proc_fd, int *fds)
{
	for (size_t i = 0; i < config->mounts.count; i++) {
		struct mount_options options;
		int r = mount_options_parse(&config->mounts.items[i], i, &options);

		if (r < 0)
			return r;
		if (options.id_map && !options.bind)
			return error_set(
				ENOTSUP, "mounts[%zu]: only bind mounts can be id-mapped", i);
		if (!options.bind)
			continue;
		mount_options_replace_attributes(
			&options, config_namespace(config, NAMESPACE_USER) != NULL);
		fds[i] = mount_source_open(config, i, &options, bundle_fd, proc_fd);
		if (fds[i] < 0)
			return fds[i];
	}
	return 0;
}
