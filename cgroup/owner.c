/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "cgroup/driver.h"

/* What every kernel with cgroup v2 lets the owner of a group write (cgroup-v2.rst, "Delegation"). */
static const char always[] = "cgroup.procs\ncgroup.subtree_control\ncgroup.threads\n";

int cgroup_give(const struct cgroup *cgroup, uid_t uid)
{
	_cleanup_buffer_ struct buffer text = { 0 };
	struct cgroup_place *place = cgroup->v2;
	int r;

	if (!place || cgroup->v1_count)
		return 0;
	r = place_open(place);
	if (r < 0)
		return r;
	if (file_read_at(AT_FDCWD, "/sys/kernel/cgroup/delegate", &text, 4096) < 0 || !text.data)
		buffer_text(&text, always);
	if (fchown(place->group_fd, uid, (gid_t)-1) < 0)
		return error_errno(errno, "cgroup %s/%s: owner", place->root, place_group(place));
	for (char *next = text.data, *name; (name = strsep(&next, "\n"));)
		if (*name &&
			fchownat(place->group_fd, name, uid, (gid_t)-1, AT_SYMLINK_NOFOLLOW) < 0 &&
			errno != ENOENT)
			return error_errno(errno, "cgroup %s/%s: owner of %s", place->root,
				place_group(place), name);
	return 0;
}
