/* SPDX-License-Identifier: Apache-2.0 */
#include "cgroup/controllers_v2.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"

uint32_t controllers_parse(const char *text)
{
	uint32_t controllers = 0;

	for (const char *name = text; *name;) {
		size_t length = strcspn(name, " \n");

		for (int i = 0; i < CONTROLLERS; i++)
			if (controller_names[i].v2 && strlen(controller_names[i].v2) == length &&
				!strncmp(controller_names[i].v2, name, length))
				controllers |= CONTROLLER_BIT(i);
		name += length;
		name += strspn(name, " \n");
	}
	return controllers;
}

static int controllers_read(int folder_fd, uint32_t *controllers)
{
	_cleanup_buffer_ struct buffer text = { 0 };
	int r = file_read_at(folder_fd, "cgroup.controllers", &text, 4096);

	*controllers = text.data ? controllers_parse(text.data) : 0;
	return r;
}

/* Words for the kernel's errno when GROUP's children cannot get a controller. */
static int controllers_refused(
	const struct cgroup_place *place, const char *group, enum controller controller, int r)
{
	const char *name = controller_names[controller].v2;

	if (r == -EBUSY)
		return error_set(r,
			"cgroup %s/%s: controller %s cannot be enabled for groups below, as the "
			"group "
			"holds processes itself",
			place->root, group, name);
	if (r == -EOPNOTSUPP)
		return error_set(r,
			"cgroup %s/%s: controller %s cannot be enabled for groups below, as the "
			"group "
			"is threaded",
			place->root, group, name);
	return error_errno(
		r, "cgroup %s/%s: enable controller %s for groups below", place->root, group, name);
}

/* Controllers that may be given to groups below one with processes, at a price. */
#define CONTROLLERS_THREADED                                                                       \
	(CONTROLLER_BIT(CONTROLLER_CPU) | CONTROLLER_BIT(CONTROLLER_CPUSET) |                      \
		CONTROLLER_BIT(CONTROLLER_PIDS) | CONTROLLER_BIT(CONTROLLER_PERF_EVENT))

/*
 * To give only such controllers to groups below makes a group with processes
 * the root of a threaded subtree, in which no process can start any more
 * (EOPNOTSUPP). The hierarchy's own root is free of that and has no cgroup.type.
 */
static bool would_become_threaded(int folder_fd)
{
	_cleanup_buffer_ struct buffer pids = { 0 };

	return !faccessat(folder_fd, "cgroup.type", F_OK, 0) &&
	       file_read_at(folder_fd, "cgroup.procs", &pids, 1u << 24) >= 0 && pids.length;
}

static int controllers_write(int folder_fd, uint32_t controllers)
{
	_cleanup_buffer_ struct buffer text = { 0 };

	if (!(controllers & ~CONTROLLERS_THREADED) && would_become_threaded(folder_fd))
		return -EBUSY;
	for (int i = 0; i < CONTROLLERS; i++)
		if (controllers & CONTROLLER_BIT(i))
			buffer_format(&text, "+%s ", controller_names[i].v2);
	return file_write_at(folder_fd, "cgroup.subtree_control", text.data);
}

/* The groups that hold a user's are root's, who has given them what they give. */
static bool controllers_are_enabled(int folder_fd, uint32_t controllers)
{
	_cleanup_buffer_ struct buffer text = { 0 };

	return file_read_at(folder_fd, "cgroup.subtree_control", &text, 4096) >= 0 && text.data &&
	       (controllers_parse(text.data) & controllers) == controllers;
}

/* All at once; if that fails one by one, so that one that is refused takes no other with it. */
static int controllers_enable_in(
	const struct cgroup_place *place, int folder_fd, const char *group, uint32_t controllers)
{
	int r = controllers_write(folder_fd, controllers), first = 0;

	if (r >= 0 || controllers_are_enabled(folder_fd, controllers))
		return 0;
	for (int i = 0; i < CONTROLLERS; i++) {
		if (!(controllers & CONTROLLER_BIT(i)))
			continue;
		if (r != -EBUSY)
			r = controllers_write(folder_fd, CONTROLLER_BIT(i));
		if (r < 0 && first >= 0)
			first = controllers_refused(place, group, (enum controller)i, r);
	}
	return first;
}

/* From the root to the group above ours: each gives to its children what it has. */
static int controllers_hand_down(struct cgroup_place *place, int root_fd, uint32_t controllers)
{
	_cleanup_free_ char *path = string_copy(place_group(place));
	_cleanup_close_ int fd = -EBADF;
	int first = controllers_enable_in(place, root_fd, "", controllers);

	for (char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		file_close(&fd);
		fd = openat(root_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
		if (fd < 0)
			return error_errno(errno, "cgroup %s/%s", place->root, path);
		if (first >= 0)
			first = controllers_enable_in(place, fd, path, controllers);
		*slash = '/';
	}
	return first;
}

int controllers_enable(struct cgroup_place *place, uint32_t wanted)
{
	_cleanup_close_ int root_fd = -EBADF;
	uint32_t offered = 0;
	int enabled, r;

	if ((place->controllers & wanted) == wanted)
		return 0;
	r = place_open(place);
	if (r < 0)
		return r;
	r = controllers_read(place->group_fd, &place->controllers);
	if (r >= 0 && (place->controllers & wanted) == wanted)
		return 0;
	root_fd = open(place->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (r >= 0)
		r = root_fd < 0 ? -errno : controllers_read(root_fd, &offered);
	if (r < 0)
		return error_errno(r, "cgroup %s/%s: controllers", place->root, place_group(place));
	wanted &= offered & ~place->controllers;
	if (!wanted)
		return 0;
	enabled = controllers_hand_down(place, root_fd, wanted);
	r = controllers_read(place->group_fd, &place->controllers);
	if (r < 0)
		return error_errno(r, "cgroup %s/%s: controllers", place->root, place_group(place));
	return enabled;
}
