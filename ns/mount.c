/* SPDX-License-Identifier: Apache-2.0 */
#include "ns/mount.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/file.h"
#include "base/path.h"
#include "base/syscall.h"
#include "ns/copy_up.h"
#include "ns/mount_cgroup.h"
#include "ns/mount_option.h"
#include "ns/mount_symlink.h"
#include "ns/mount_target.h"
#include "spec/annotation.h"

#define FSCONFIG_BYTES_MOST 256 /* of a key, and of a value, with its end */

/* The kernel explains a refused option in the context's log: "e tmpfs: Bad value for 'size'". */
static int mount_refused(int context, int error, const char *what)
{
	char line[256];
	ssize_t n = read(context, line, sizeof(line) - 1);

	if (n > 2) {
		line[n] = '\0';
		return error_set(error, "%s: %s", what, line + 2);
	}
	return error_errno(error, "%s", what);
}

static int mount_configure(int context, const char *option)
{
	char key[FSCONFIG_BYTES_MOST];
	const char *value = strchr(option, '=');
	size_t length = value ? (size_t)(value - option) : strlen(option);

	if (length >= sizeof(key))
		return error_set(EINVAL, "option too long: %.64s…", option);
	memcpy(key, option, length);
	key[length] = '\0';
	if (value ? sys_fsconfig(context, FSCONFIG_SET_STRING, key, value + 1) < 0
		  : sys_fsconfig(context, FSCONFIG_SET_FLAG, key, NULL) < 0)
		/* A file system that counts no versions took MS_I_VERSION of mount(2) too. */
		return !strcmp(option, "iversion") && errno == EINVAL
			       ? 0
			       : mount_refused(context, errno, option);
	return 0;
}

int mount_filesystem(
	const char *type, const char *source, const char *const *options, unsigned int attributes)
{
	_cleanup_close_ int context = sys_fsopen(type);
	int fd;

	if (context < 0)
		return error_errno(errno, "file system %s", type);
	if (source && sys_fsconfig(context, FSCONFIG_SET_STRING, "source", source) < 0)
		return mount_refused(context, errno, source);
	for (; options && *options; options++) {
		int r = mount_configure(context, *options);

		if (r < 0)
			return r;
	}
	if (sys_fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL) < 0)
		return mount_refused(context, errno, type);
	fd = sys_fsmount(context, attributes);
	return fd < 0 ? mount_refused(context, errno, type) : fd;
}

int mount_attach(int tree_fd, int target_fd)
{
	if (sys_move_mount(tree_fd, "", target_fd, "",
		    MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0)
		return error_errno(errno, "cannot be attached");
	return 0;
}

/* A tmpfs that is not told its mode takes that of the folder which it covers. */
static void mount_inherit_mode(const struct container_plan *plan, const struct config_mount *mount,
	const char **words, char mode[16])
{
	_cleanup_close_ int fd = -EBADF;
	struct stat st;

	if (strcmp(mount->type, "tmpfs") != 0)
		return;
	for (; *words; words++)
		if (!strncmp(*words, "mode=", 5))
			return;
	fd = path_open_in_root(plan->root_tree_fd, mount->destination, O_PATH | O_DIRECTORY);
	if (fd < 0 || fstat(fd, &st) < 0)
		return;
	(void)snprintf(mode, 16, "mode=%o", st.st_mode & 07777);
	*words = mode;
}

static bool mount_is_long(const char *const *options)
{
	for (; *options; options++) {
		const char *value = strchr(*options, '=');

		if (value && strlen(value + 1) >= FSCONFIG_BYTES_MOST)
			return true;
	}
	return false;
}

/*
 * Such as an overlay's list of layers. Mounted by mount(2) onto the descriptor of
 * the target; nobody but this process sees it before it gets its attributes.
 */
static int mount_long(const struct container_plan *plan, const struct config_mount *mount,
	const char *const *words, int target_fd)
{
	_cleanup_buffer_ struct buffer options = { 0 };
	char target[40];
	int fd;

	for (; *words; words++)
		buffer_format(&options, "%s%s", options.length ? "," : "", *words);
	(void)snprintf(target, sizeof(target), "/proc/self/fd/%d", target_fd);
	if (sys_mount(mount->source, target, mount->type, 0, options.data) < 0)
		return error_errno(errno, "file system %s", mount->type);
	fd = path_open_in_root(plan->root_tree_fd, mount->destination, O_PATH);
	return fd < 0 ? error_errno(fd, "cannot find it again") : fd;
}

/* A tmpfs that is read-only, and that later mounts or devices may have to be made in. */
static bool mount_waits(const struct config_mount *mount, const struct mount_options *options)
{
	return !options->bind && mount->type && !strcmp(mount->type, "tmpfs") &&
	       options->set & MOUNT_ATTR_RDONLY;
}

/*
 * sysfs shows a network namespace, and only its owner may mount it. With the
 * host's, the host's /sys stands in, read-only as a whole: cgroups below it may
 * have been delegated to this very user (CVE-2023-25809).
 */
static int mount_host_sysfs(void)
{
	struct mount_attr readonly = { .attr_set = MOUNT_ATTR_RDONLY };
	_cleanup_close_ int fd =
		sys_open_tree(AT_FDCWD, "/sys", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);

	if (fd < 0 || sys_mount_setattr(fd, "", AT_EMPTY_PATH | AT_RECURSIVE, &readonly) < 0)
		return error_errno(errno, "/sys of the host");
	return TAKE_FD(fd);
}

/* A group of the mount's options that the user namespace does not have: terminals keep the user's. */
static void mount_drop_group(const struct container_plan *plan, const char **words)
{
	const struct config_id_mappings *gids = &plan->config->linux->gid_mappings;
	const char **kept = words;

	for (; *words; words++) {
		uint64_t gid = strtoull(*words + strcspn(*words, "=") + 1, NULL, 10);
		bool mapped = strncmp(*words, "gid=", 4) != 0 || !gids->count;

		for (size_t i = 0; i < gids->count; i++)
			mapped |= gid >= gids->items[i].container_id &&
				  gid - gids->items[i].container_id < gids->items[i].size;
		if (mapped)
			*kept++ = *words;
	}
	*kept = NULL;
}

/* linux.mountLabel, for file systems that take a context: those of the kernel's own files do not. */
static char *mount_context(
	const struct container_plan *plan, const struct mount_options *options, const char *type)
{
	const char *label = plan->config->linux->mount_label;

	if (!label || !strcmp(type, "proc") || !strcmp(type, "sysfs"))
		return NULL;
	for (unsigned int i = 0; i < options->filesystem_options; i++)
		if (strstr(options->filesystem[i], "context="))
			return NULL;
	return string_format(
		"%s=%s", annotation_word(plan->config, ANNOTATION_MOUNT_CONTEXT), label);
}

static int mount_new(
	const struct container_plan *plan, size_t index, const struct mount_options *options)
{
	const struct config_mount *mount = &plan->config->mounts.items[index];
	const char *words[ARRAY_SIZE(options->filesystem) + 3] = { 0 };
	_cleanup_free_ char *context = mount_context(plan, options, mount->type);
	_cleanup_close_ int target = -EBADF, fd = -EBADF;
	struct mount_options now = *options;
	char mode[16];
	int r;

	memcpy(words, options->filesystem, options->filesystem_options * sizeof(*words));
	if (context)
		words[options->filesystem_options] = context;
	mount_inherit_mode(plan, mount, words, mode);
	if (!strcmp(mount->type, "devpts"))
		mount_drop_group(plan, words);
	target = mount_target_open(plan->root_tree_fd, mount, options, -1);
	if (target < 0)
		return target;
	if (mount_is_long(words))
		fd = mount_long(plan, mount, words, target);
	else
		fd = mount_filesystem(mount->type, mount->source, words, 0);
	if (fd == -EPERM && plan->unprivileged && !strcmp(mount->type, "sysfs")) {
		error_clear();
		fd = mount_host_sysfs();
	}
	if (fd < 0)
		return fd;
	if (options->copy_up) {
		r = copy_up(target, fd);
		if (r < 0)
			return r;
	}
	if (mount_waits(mount, &now)) {
		/* What is still to be made in it must find it writable. */
		now.set &= ~(uint64_t)MOUNT_ATTR_RDONLY;
		plan->mount_tree_fds[index] = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	}
	r = mount_options_apply(&now, fd);
	if (r < 0)
		return error_errno(r, "the options cannot be applied");
	r = mount_is_long(words) ? 0 : mount_attach(fd, target);
	/* For mount_find: what is in these is found in them alone. */
	if (r >= 0 && mount_target_must_be_real(mount->type))
		plan->mount_tree_fds[index] = TAKE_FD(fd);
	return r;
}

int mount_finish(const struct container_plan *plan)
{
	struct mount_attr readonly = { .attr_set = MOUNT_ATTR_RDONLY };

	for (size_t i = 0; i < plan->config->mounts.count; i++) {
		const struct config_mount *mount = &plan->config->mounts.items[i];
		struct mount_options options;

		if (!mount->type || strcmp(mount->type, "tmpfs") != 0 ||
			mount_options_parse(mount, i, &options) < 0 ||
			!mount_waits(mount, &options))
			continue;
		if (sys_mount_setattr(plan->mount_tree_fds[i], "", AT_EMPTY_PATH, &readonly) < 0)
			return error_errno(errno, "config.json: mounts[%zu] (%s): read-only", i,
				mount->destination);
	}
	return 0;
}

/* A procfs or a sysfs: new, or bound where they belong. */
static bool mount_is_kernels(const struct container_plan *plan, size_t index)
{
	const struct config_mount *mount = &plan->config->mounts.items[index];

	return plan->mount_tree_fds[index] >= 0 &&
	       (mount_target_must_be_real(mount->type) || !strcmp(mount->destination, "/proc") ||
		       !strcmp(mount->destination, "/sys"));
}

int mount_find(const struct container_plan *plan, const char *path, const char **below)
{
	int fd = plan->root_tree_fd;

	*below = path;
	for (size_t i = 0; i < plan->config->mounts.count; i++) {
		const struct config_mount *mount = &plan->config->mounts.items[i];
		size_t length = strlen(mount->destination);

		while (length && mount->destination[length - 1] == '/')
			length--;
		if (!length || strncmp(path, mount->destination, length) != 0 ||
			path[length] != '/' || !mount_is_kernels(plan, i))
			continue;
		fd = plan->mount_tree_fds[i];
		*below = path + length;
	}
	return fd;
}

static int mount_bind(
	const struct container_plan *plan, size_t index, const struct mount_options *options)
{
	const struct config_mount *mount = &plan->config->mounts.items[index];
	int source = plan->mount_tree_fds[index];
	_cleanup_close_ int target = -EBADF;

	if (options->copy_symlink && mount_symlink_is(source))
		return mount_symlink_copy(plan->root_tree_fd, mount->destination, source);
	target = mount_target_open(plan->root_tree_fd, mount, options, source);
	if (target < 0)
		return target;
	return mount_attach(source, target);
}

static int mount_one(const struct container_plan *plan, size_t index)
{
	const struct config_mount *mount = &plan->config->mounts.items[index];
	struct mount_options options;
	int r = mount_options_parse(mount, index, &options);

	if (r < 0)
		return r;
	if (options.bind)
		return mount_bind(plan, index, &options);
	if (!mount->type)
		return error_set(EINVAL, "type: is required, but missing");
	if (!strcmp(mount->type, "cgroup") || !strcmp(mount->type, "cgroup2")) {
		_cleanup_close_ int target =
			mount_target_open(plan->root_tree_fd, mount, &options, -1);

		return target < 0 ? target : mount_cgroup(plan, &options, target);
	}
	return mount_new(plan, index, &options);
}

int mount_all(const struct container_plan *plan)
{
	for (size_t i = 0; i < plan->config->mounts.count; i++) {
		int r = mount_one(plan, i);

		if (r < 0)
			return error_context(r, "config.json: mounts[%zu] (%s)", i,
				plan->config->mounts.items[i].destination);
	}
	return 0;
}
