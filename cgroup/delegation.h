/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HULL_CGROUP_DELEGATION_H
#define HULL_CGROUP_DELEGATION_H

/*
 * The group of the v2 hierarchy below which this user may make others
 * (cgroup-v2.rst "Delegation"), without a leading slash and "" for the root: the
 * group above hull's own when that is his too, because hull's own holds processes
 * and can give no controllers to groups below; else hull's own. Free it; NULL,
 * without a message, when there is none.
 */
char *delegation_find(int mount_fd);

#endif
