/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_BASE_PATH_H
#define HULL_BASE_PATH_H

/*
 * Paths inside a tree that somebody hostile may have written, and may be
 * changing right now. Every look-up is one openat2(2) below a descriptor of the
 * tree's root: no "..", absolute or magic link leads out of it, and nothing is
 * ever joined to a host path as a string.
 */
#include <stdbool.h>
#include <sys/types.h>

/* A root that no link leads out of: the tree below FD. */
enum path_kind { PATH_FOLDER, PATH_FILE };

/*
 * Open PATH below ROOT_FD as if that were "/" (RESOLVE_IN_ROOT, no magic links).
 * FLAGS as for open(2), O_CLOEXEC is added. A descriptor or a negative errno, no message.
 */
int path_open_in_root(int root_fd, const char *path, int flags);

/* The same, but no component may be a link: -ELOOP. */
int path_open_in_root_no_links(int root_fd, const char *path, int flags);

/*
 * Make sure that PATH exists below ROOT_FD, creating what is missing (folders
 * with mode 0755, the last component a folder or an empty file with MODE), and
 * return an O_PATH descriptor of it. Links are followed inside the root, also
 * dangling ones.
 */
int path_make_in_root(int root_fd, const char *path, enum path_kind kind, mode_t mode);

/*
 * Split off the last component: an O_PATH descriptor of its folder, which is
 * made when MAKE is true, and in *NAME the component (points into PATH).
 * -EINVAL when the path ends in "..", "." or "/", or is empty.
 */
int path_open_parent_in_root(int root_fd, const char *path, bool make, const char **name);

/* "a/b/../c" has ".." as a component? */
bool path_has_dot_dot(const char *path);

#endif
