/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_NS_MOUNT_OPTION_H
#define HULL_NS_MOUNT_OPTION_H

/*
 * The options of a mount, from the table of the runtime-spec (config.md, "Linux
 * mount options"), sorted into what the kernel's mount API wants to hear where.
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "spec/config.h"

struct mount_options {
	bool bind, recursive; /* bind, rbind */
	bool copy_up;	      /* tmpcopyup */
	bool copy_symlink;    /* a source that is a link is made anew, not mounted */
	bool source_no_follow, target_no_follow; /* src-nofollow, dest-nofollow: as crun has them */
	bool id_map, id_map_recursive;		 /* idmap, ridmap, or mappings of its own */
	bool names_attributes;			 /* some option is for `set` or `clear` */
	uint64_t set, clear;			 /* MOUNT_ATTR_* */
	uint64_t recursive_set, recursive_clear; /* the same for all mounts below */
	uint64_t propagation[2];		 /* MS_SHARED …, in order; 0: as the rootfs */
	bool propagation_recursive[2];
	unsigned int propagations;
	const char *filesystem[64]; /* what the file system itself understands, in order */
	unsigned int filesystem_options;
};

/* 0, or -EINVAL with a message that names the mount. */
int mount_options_parse(
	const struct config_mount *mount, size_t index, struct mount_options *options);

/*
 * A bind mount whose options name attributes has these and none of its source's,
 * as mount(2) remounts. With LOCKED those stay that the kernel locks in a user
 * namespace, unless they are named themselves. Access times are a group of their own.
 */
void mount_options_replace_attributes(struct mount_options *options, bool locked);

/* Set attributes, then propagation, of a mount that is not attached yet; no message. */
int mount_options_apply(const struct mount_options *options, int fd);

/* MS_* and whether recursive for a word such as "rslave"; false when it is none. */
bool mount_propagation_parse(const char *word, uint64_t *propagation, bool *recursive);

/* All names of the table up to NULL, sorted, for `features`. */
const char *const *mount_option_names(void);

#endif
