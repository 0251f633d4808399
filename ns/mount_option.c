/* SPDX-License-Identifier: Apache-2.0 */
#include "ns/mount_option.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/syscall.h"

/* MS_* of mount(2), which mount_setattr(2) takes for the propagation. */
#define PROPAGATION_UNBINDABLE (1u << 17)
#define PROPAGATION_PRIVATE    (1u << 18)
#define PROPAGATION_SLAVE      (1u << 19)
#define PROPAGATION_SHARED     (1u << 20)

enum option_kind {
	OPTION_NOTHING, /* the default, or of no meaning here */
	OPTION_BIND,
	OPTION_BIND_RECURSIVE,
	OPTION_COPY_UP,
	OPTION_COPY_SYMLINK,
	OPTION_SOURCE_NO_FOLLOW,
	OPTION_TARGET_NO_FOLLOW,
	OPTION_ID_MAP,
	OPTION_SET, /* a mount attribute */
	OPTION_CLEAR,
	OPTION_TIME, /* one of the access time modes, which exclude each other */
	OPTION_PROPAGATION,
	OPTION_FILESYSTEM, /* the superblock's */
};

#define RECURSIVE true

/* Sorted by name: option_find searches in it, and `features` prints it in this order. */
static const struct option {
	const char *name;
	enum option_kind kind;
	uint64_t bits;
	bool recursive;
} table[] = {
	{ "async", OPTION_FILESYSTEM, 0, false },
	{ "atime", OPTION_CLEAR, MOUNT_ATTR_NOATIME, false },
	{ "bind", OPTION_BIND, 0, false },
	{ "copy-symlink", OPTION_COPY_SYMLINK, 0, false },
	{ "defaults", OPTION_NOTHING, 0, false },
	{ "dest-nofollow", OPTION_TARGET_NO_FOLLOW, 0, false },
	{ "dev", OPTION_CLEAR, MOUNT_ATTR_NODEV, false },
	{ "diratime", OPTION_CLEAR, MOUNT_ATTR_NODIRATIME, false },
	{ "dirsync", OPTION_FILESYSTEM, 0, false },
	{ "exec", OPTION_CLEAR, MOUNT_ATTR_NOEXEC, false },
	{ "idmap", OPTION_ID_MAP, 0, false },
	{ "iversion", OPTION_FILESYSTEM, 0, false },
	{ "lazytime", OPTION_FILESYSTEM, 0, false },
	{ "loud", OPTION_NOTHING, 0, false },
	{ "mand", OPTION_FILESYSTEM, 0, false },
	{ "noatime", OPTION_TIME, MOUNT_ATTR_NOATIME, false },
	{ "nodev", OPTION_SET, MOUNT_ATTR_NODEV, false },
	{ "nodiratime", OPTION_SET, MOUNT_ATTR_NODIRATIME, false },
	{ "noexec", OPTION_SET, MOUNT_ATTR_NOEXEC, false },
	{ "noiversion", OPTION_NOTHING, 0, false },
	{ "nolazytime", OPTION_FILESYSTEM, 0, false },
	{ "nomand", OPTION_FILESYSTEM, 0, false },
	{ "norelatime", OPTION_NOTHING, 0, false },
	{ "nostrictatime", OPTION_NOTHING, 0, false },
	{ "nosuid", OPTION_SET, MOUNT_ATTR_NOSUID, false },
	{ "nosymfollow", OPTION_SET, MOUNT_ATTR_NOSYMFOLLOW, false },
	{ "private", OPTION_PROPAGATION, PROPAGATION_PRIVATE, false },
	{ "ratime", OPTION_CLEAR, MOUNT_ATTR_NOATIME, RECURSIVE },
	{ "rbind", OPTION_BIND_RECURSIVE, 0, false },
	{ "rdev", OPTION_CLEAR, MOUNT_ATTR_NODEV, RECURSIVE },
	{ "rdiratime", OPTION_CLEAR, MOUNT_ATTR_NODIRATIME, RECURSIVE },
	{ "relatime", OPTION_TIME, MOUNT_ATTR_RELATIME, false },
	{ "remount", OPTION_NOTHING, 0, false },
	{ "rexec", OPTION_CLEAR, MOUNT_ATTR_NOEXEC, RECURSIVE },
	{ "ridmap", OPTION_ID_MAP, 0, RECURSIVE },
	{ "rnoatime", OPTION_TIME, MOUNT_ATTR_NOATIME, RECURSIVE },
	{ "rnodev", OPTION_SET, MOUNT_ATTR_NODEV, RECURSIVE },
	{ "rnodiratime", OPTION_SET, MOUNT_ATTR_NODIRATIME, RECURSIVE },
	{ "rnoexec", OPTION_SET, MOUNT_ATTR_NOEXEC, RECURSIVE },
	{ "rnorelatime", OPTION_NOTHING, 0, RECURSIVE },
	{ "rnostrictatime", OPTION_NOTHING, 0, RECURSIVE },
	{ "rnosuid", OPTION_SET, MOUNT_ATTR_NOSUID, RECURSIVE },
	{ "rnosymfollow", OPTION_SET, MOUNT_ATTR_NOSYMFOLLOW, RECURSIVE },
	{ "ro", OPTION_SET, MOUNT_ATTR_RDONLY, false },
	{ "rprivate", OPTION_PROPAGATION, PROPAGATION_PRIVATE, RECURSIVE },
	{ "rrelatime", OPTION_TIME, MOUNT_ATTR_RELATIME, RECURSIVE },
	{ "rro", OPTION_SET, MOUNT_ATTR_RDONLY, RECURSIVE },
	{ "rrw", OPTION_CLEAR, MOUNT_ATTR_RDONLY, RECURSIVE },
	{ "rshared", OPTION_PROPAGATION, PROPAGATION_SHARED, RECURSIVE },
	{ "rslave", OPTION_PROPAGATION, PROPAGATION_SLAVE, RECURSIVE },
	{ "rstrictatime", OPTION_TIME, MOUNT_ATTR_STRICTATIME, RECURSIVE },
	{ "rsuid", OPTION_CLEAR, MOUNT_ATTR_NOSUID, RECURSIVE },
	{ "rsymfollow", OPTION_CLEAR, MOUNT_ATTR_NOSYMFOLLOW, RECURSIVE },
	{ "runbindable", OPTION_PROPAGATION, PROPAGATION_UNBINDABLE, RECURSIVE },
	{ "rw", OPTION_CLEAR, MOUNT_ATTR_RDONLY, false },
	{ "shared", OPTION_PROPAGATION, PROPAGATION_SHARED, false },
	{ "silent", OPTION_NOTHING, 0, false },
	{ "slave", OPTION_PROPAGATION, PROPAGATION_SLAVE, false },
	{ "src-nofollow", OPTION_SOURCE_NO_FOLLOW, 0, false },
	{ "strictatime", OPTION_TIME, MOUNT_ATTR_STRICTATIME, false },
	{ "suid", OPTION_CLEAR, MOUNT_ATTR_NOSUID, false },
	{ "symfollow", OPTION_CLEAR, MOUNT_ATTR_NOSYMFOLLOW, false },
	{ "sync", OPTION_FILESYSTEM, 0, false },
	{ "tmpcopyup", OPTION_COPY_UP, 0, false },
	{ "unbindable", OPTION_PROPAGATION, PROPAGATION_UNBINDABLE, false },
};

static int option_compare(const void *name, const void *option)
{
	return strcmp(name, ((const struct option *)option)->name);
}

static const struct option *option_find(const char *name)
{
	return bsearch(name, table, ARRAY_SIZE(table), sizeof(table[0]), option_compare);
}

/* The later option wins, as on mount(8)'s command line. */
static void option_attribute(const struct option *option, struct mount_options *options)
{
	uint64_t *set = option->recursive ? &options->recursive_set : &options->set;
	uint64_t *clear = option->recursive ? &options->recursive_clear : &options->clear;

	options->names_attributes |= !option->recursive;
	switch (option->kind) {
	case OPTION_TIME:
		*set = (*set & ~(uint64_t)MOUNT_ATTR__ATIME) | option->bits;
		*clear |= MOUNT_ATTR__ATIME;
		break;
	case OPTION_SET:
		*set |= option->bits;
		*clear &= ~option->bits;
		break;
	default:
		*set &= ~option->bits;
		/* The time mode is one field: it can only be cleared as a whole. */
		*clear |= option->bits == MOUNT_ATTR_NOATIME ? MOUNT_ATTR__ATIME : option->bits;
	}
}

static int option_apply(const struct option *option, size_t index, struct mount_options *options)
{
	switch (option->kind) {
	case OPTION_NOTHING:
		return 0;
	case OPTION_BIND_RECURSIVE:
		options->recursive = true;
		__attribute__((fallthrough));
	case OPTION_BIND:
		options->bind = true;
		return 0;
	case OPTION_COPY_UP:
		options->copy_up = true;
		return 0;
	case OPTION_COPY_SYMLINK:
		options->copy_symlink = true;
		return 0;
	case OPTION_SOURCE_NO_FOLLOW:
		options->source_no_follow = true;
		return 0;
	case OPTION_TARGET_NO_FOLLOW:
		options->target_no_follow = true;
		return 0;
	case OPTION_ID_MAP:
		options->id_map = true;
		options->id_map_recursive |= option->recursive;
		return 0;
	case OPTION_PROPAGATION:
		if (options->propagations == ARRAY_SIZE(options->propagation))
			return error_set(EINVAL,
				"mounts[%zu].options: more than two propagation types", index);
		options->propagation[options->propagations] = option->bits;
		options->propagation_recursive[options->propagations++] = option->recursive;
		return 0;
	default:
		option_attribute(option, options);
		return 0;
	}
}

int mount_options_parse(
	const struct config_mount *mount, size_t index, struct mount_options *options)
{
	*options = (struct mount_options){ 0 };
	if (mount->type && !strcmp(mount->type, "bind"))
		options->bind = true;
	options->id_map = mount->uid_mappings.count > 0;
	for (size_t i = 0; i < mount->options.count; i++) {
		const char *word = mount->options.items[i];
		const struct option *option = option_find(word);
		int r = 0;

		/* Podman's, in systemd mode. */
		if (!*word)
			continue;
		if (option && option->kind != OPTION_FILESYSTEM) {
			r = option_apply(option, index, options);
		} else {
			if (options->filesystem_options == ARRAY_SIZE(options->filesystem))
				return error_set(EINVAL,
					"mounts[%zu].options: more than %zu options", index,
					ARRAY_SIZE(options->filesystem));
			options->filesystem[options->filesystem_options++] = word;
		}
		if (r < 0)
			return r;
	}
	return 0;
}

void mount_options_replace_attributes(struct mount_options *options, bool locked)
{
	uint64_t gone = MOUNT_ATTR_NOSYMFOLLOW;

	if (!options->names_attributes)
		return;
	if (!locked)
		gone |= MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV |
			MOUNT_ATTR_NOEXEC;
	if (options->clear & MOUNT_ATTR__ATIME || options->set & MOUNT_ATTR_NODIRATIME)
		gone |= MOUNT_ATTR__ATIME | MOUNT_ATTR_NODIRATIME;
	options->clear |= gone & ~options->recursive_set & (MOUNT_ATTR__ATIME | ~options->set);
}

/* Attributes first on one mount, then on the tree: "rro,rw" leaves the top writable. */
static int mount_set_attributes(int fd, const struct mount_options *options)
{
	struct mount_attr tree = { .attr_set = options->recursive_set,
		.attr_clr = options->recursive_clear };
	struct mount_attr top = { .attr_set = options->set, .attr_clr = options->clear };

	if ((tree.attr_set || tree.attr_clr) &&
		sys_mount_setattr(fd, "", AT_EMPTY_PATH | AT_RECURSIVE, &tree) < 0)
		return -errno;
	if ((top.attr_set || top.attr_clr) && sys_mount_setattr(fd, "", AT_EMPTY_PATH, &top) < 0)
		return -errno;
	return 0;
}

static int mount_set_propagation(int fd, const struct mount_options *options)
{
	for (unsigned int i = 0; i < options->propagations; i++) {
		struct mount_attr attributes = { .propagation = options->propagation[i] };
		unsigned int flags = options->propagation_recursive[i] ? AT_RECURSIVE : 0;

		if (sys_mount_setattr(fd, "", AT_EMPTY_PATH | flags, &attributes) < 0)
			return -errno;
	}
	return 0;
}

int mount_options_apply(const struct mount_options *options, int fd)
{
	int r = mount_set_attributes(fd, options);

	return r < 0 ? r : mount_set_propagation(fd, options);
}

bool mount_propagation_parse(const char *word, uint64_t *propagation, bool *recursive)
{
	const struct option *option = option_find(word);

	if (!option || option->kind != OPTION_PROPAGATION)
		return false;
	*propagation = option->bits;
	*recursive = option->recursive;
	return true;
}

const char *const *mount_option_names(void)
{
	static const char *names[ARRAY_SIZE(table) + 1];

	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		names[i] = table[i].name;
	return names;
}
