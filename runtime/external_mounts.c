/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/external.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/path.h"
#include "include/hull/cpu.h"
#include "ns/mount_option.h"
#include "runtime/notify.h"

#define MOUNTINFO_BYTES ((size_t)16 * 1024 * 1024)

/* A mount that config.json leads to: where it is, and what of the host is mounted there. */
struct external_mount {
	const char *destination, *source;
	bool file_only; /* a masked folder is covered by something of the container's own */
	bool optional;	/* a source that is missing is no mistake */
};

struct external_mounts {
	struct external_mount *items;
	size_t count;
};

static void mounts_add(
	struct arena *arena, struct external_mounts *mounts, struct external_mount mount)
{
	struct external_mount *items = arena_allocate(arena, (mounts->count + 1) * sizeof(*items));

	if (mounts->count)
		memcpy(items, mounts->items, mounts->count * sizeof(*items));
	items[mounts->count] = mount;
	mounts->items = items;
	mounts->count++;
}

/* The groups of a mount of type "cgroup": ns/mount_cgroup.c. */
static void mounts_add_cgroups(
	const struct external *external, struct external_mounts *mounts, const char *destination)
{
	bool own = config_namespace(external->config, NAMESPACE_CGROUP) != NULL;

	for (const struct cgroup_view *view = cgroup_views(external->cgroup); view->name; view++)
		mounts_add(external->arena, mounts,
			(struct external_mount){
				.destination = arena_format(external->arena, "%s%s%s", destination,
					*view->name ? "/" : "", view->name),
				.source = *view->name || own
						  ? arena_format(external->arena, "%s/%s",
							    view->root, view->path)
						  : view->root,
			});
}

static int mounts_add_config(
	const struct external *external, struct external_mounts *mounts, size_t index)
{
	const struct config_mount *mount = &external->config->mounts.items[index];
	const char *bundle = external->container->record.bundle;
	struct mount_options options = { 0 };
	int r;

	if (mount->type && !strcmp(mount->type, "cgroup")) {
		mounts_add_cgroups(external, mounts, mount->destination);
		return 0;
	}
	r = mount_options_parse(mount, index, &options);
	if (r < 0 || !mount->source ||
		(!options.bind && !(mount->type && !strcmp(mount->type, "bind"))))
		return r;
	mounts_add(external->arena, mounts,
		(struct external_mount){
			.destination = mount->destination,
			.source = *mount->source == '/' ? mount->source
							: arena_format(external->arena, "%s/%s",
								  bundle, mount->source),
		});
	return 0;
}

static int mounts_of(const struct external *external, struct external_mounts *mounts)
{
	/* Where nodes cannot be made, the host's are mounted: ns/device.c. */
	static const char *const devices[] = { "/dev/null", "/dev/zero", "/dev/full", "/dev/random",
		"/dev/urandom", "/dev/tty" };
	static const char *const own[] = { HULL_CPU_PATH, NOTIFY_FOLDER };
	const struct config_linux *section = external->config->linux;
	int r = 0;

	for (size_t i = 0; r >= 0 && i < external->config->mounts.count; i++)
		r = mounts_add_config(external, mounts, i);
	/* What `run` has added is not in the configuration that is kept. At a restore it is. */
	for (size_t i = 0; i < ARRAY_SIZE(own); i++)
		mounts_add(external->arena, mounts,
			(struct external_mount){ own[i], own[i], .optional = true });
	for (size_t i = 0; i < ARRAY_SIZE(devices); i++)
		mounts_add(external->arena, mounts,
			(struct external_mount){ devices[i], devices[i], .optional = true });
	for (size_t i = 0; i < section->devices.count; i++)
		mounts_add(external->arena, mounts,
			(struct external_mount){ section->devices.items[i].path,
				section->devices.items[i].path, .optional = true });
	for (size_t i = 0; i < section->masked_paths.count; i++)
		mounts_add(external->arena, mounts,
			(struct external_mount){ section->masked_paths.items[i], "/dev/null",
				.file_only = true, .optional = true });
	return r;
}

/* ---- saving ---------------------------------------------------------------------------------- */

/* The place of mount ID in a mountinfo; its escapes ("\040") are decoded, as CRIU has them. */
static const char *mountinfo_place(struct arena *arena, const char *text, uint64_t id)
{
	for (const char *line = text; line && *line; line = strchr(line, '\n')) {
		unsigned long long number;
		int begin = 0, end = 0;
		char *place, *to;

		line += *line == '\n';
		if (sscanf(line, "%llu %*u %*s %*s %n%*s%n", &number, &begin, &end) < 1 ||
			number != id || end <= begin)
			continue;
		place = to = arena_copy(arena, line + begin, (size_t)(end - begin));
		for (const char *from = place; *from; from++) {
			if (from[0] == '\\' && strspn(from + 1, "01234567") >= 3) {
				*to++ = (char)((from[1] - '0') << 6 | (from[2] - '0') << 3 |
					       (from[3] - '0'));
				from += 3;
			} else {
				*to++ = *from;
			}
		}
		*to = '\0';
		return place;
	}
	return NULL;
}

/* The mount that PATH leads to: its number, and in PLACE the path without links. */
static int mount_of_path(int root_fd, const char *path, char *place, struct stat *st, uint64_t *id)
{
	_cleanup_close_ int fd = path_open_in_root(root_fd, path, O_PATH);
	_cleanup_buffer_ struct buffer info = { 0 };
	const char *line;
	char link[48];
	ssize_t n;

	if (fd < 0 || fstat(fd, st) < 0)
		return -ENOENT;
	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, place, PATH_MAX - 1);
	(void)snprintf(link, sizeof(link), "/proc/self/fdinfo/%d", fd);
	if (n < 0 || file_read_at(AT_FDCWD, link, &info, MOUNTINFO_BYTES) < 0)
		return -ENOENT;
	place[n] = '\0';
	line = strstr(info.data, "mnt_id:");
	if (!line)
		return -ENOENT;
	*id = strtoull(line + strlen("mnt_id:"), NULL, 10);
	return 0;
}

/* The place of the mount that was made for MOUNT; NULL when nothing is mounted there. */
static const char *mount_place(
	struct arena *arena, int root_fd, const char *mountinfo, const struct external_mount *mount)
{
	char resolved[PATH_MAX];
	const char *place;
	struct stat st;
	uint64_t id;

	if (mount_of_path(root_fd, mount->destination, resolved, &st, &id) < 0 ||
		(mount->file_only && S_ISDIR(st.st_mode)))
		return NULL;
	place = mountinfo_place(arena, mountinfo, id);
	return place && strcmp(place, "/") != 0 && !strcmp(place, resolved) ? place : NULL;
}

static bool pairs_have(const struct criu_pairs *pairs, const char *key)
{
	for (size_t i = 0; i < pairs->count; i++)
		if (!strcmp(pairs->items[i].key, key))
			return true;
	return false;
}

int external_find_mounts(const struct external *external, pid_t pid)
{
	_cleanup_close_ int root_fd = -EBADF;
	_cleanup_buffer_ struct buffer info = { 0 };
	struct criu_pairs *pairs = &external->options->external_mounts;
	struct external_mounts mounts = { 0 };
	char path[40];
	int r = mounts_of(external, &mounts);

	if (r < 0)
		return r;
	(void)snprintf(path, sizeof(path), "/proc/%d/root", pid);
	root_fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	(void)snprintf(path, sizeof(path), "/proc/%d/mountinfo", pid);
	r = root_fd < 0 ? -errno : file_read_at(AT_FDCWD, path, &info, MOUNTINFO_BYTES);
	if (r < 0)
		return error_errno(r, "cannot look at the container's mounts");
	for (size_t i = 0; i < mounts.count; i++) {
		const char *place =
			mount_place(external->arena, root_fd, info.data, &mounts.items[i]);

		/* The place may be another than in config.json, where that leads through a link. */
		if (place && !pairs_have(pairs, place))
			criu_pair_add(external->arena, pairs,
				(struct criu_pair){
					.key = place, .value = mounts.items[i].destination });
	}
	return 0;
}

/* ---- restoring ------------------------------------------------------------------------------- */

/* Below another mount the place is in the images, and not in the root file system. */
static bool mount_is_below_another(const struct config *config, const char *destination)
{
	for (size_t i = 0; i < config->mounts.count; i++) {
		const char *above = config->mounts.items[i].destination;
		size_t length = strlen(above);

		while (length && above[length - 1] == '/')
			length--;
		if (length && !strncmp(destination, above, length) && destination[length] == '/' &&
			destination[length + 1])
			return true;
	}
	return false;
}

/* A root file system that is not the one which was saved may lack the places of mounts. */
static int make_places(const struct external *external)
{
	const struct config *config = external->config;
	_cleanup_close_ int root_fd =
		open(external->container->record.rootfs, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (root_fd < 0)
		return error_errno(
			errno, "config.json: root.path: %s", external->container->record.rootfs);
	for (size_t i = 0; i < config->mounts.count; i++) {
		const struct config_mount *mount = &config->mounts.items[i];
		_cleanup_close_ int fd = -EBADF;
		enum path_kind kind = PATH_FOLDER;
		struct stat st;

		if (mount_is_below_another(config, mount->destination))
			continue;
		if (mount->source && *mount->source == '/' && stat(mount->source, &st) == 0 &&
			!S_ISDIR(st.st_mode))
			kind = PATH_FILE;
		fd = path_make_in_root(root_fd, mount->destination, kind, 0644);
		if (fd < 0)
			return error_errno(fd, "config.json: mounts[%zu].destination: %s", i,
				mount->destination);
	}
	return 0;
}

int external_give_mounts(const struct external *external)
{
	struct criu_pairs *pairs = &external->options->external_mounts;
	struct external_mounts mounts = { 0 };
	int r = mounts_of(external, &mounts);

	if (r >= 0)
		r = make_places(external);
	for (size_t i = 0; r >= 0 && i < mounts.count; i++) {
		const struct external_mount *mount = &mounts.items[i];

		if (pairs_have(pairs, mount->destination))
			continue;
		if (access(mount->source, F_OK) < 0 && !mount->optional)
			return error_errno(errno, "config.json: the source %s of the mount on %s",
				mount->source, mount->destination);
		criu_pair_add(external->arena, pairs,
			(struct criu_pair){ .key = mount->destination, .value = mount->source });
	}
	return r;
}
