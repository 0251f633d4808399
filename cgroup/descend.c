/* SPDX-License-Identifier: Apache-2.0 */

/* `exec` in a group below the container's own. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/path.h"
#include "cgroup/driver.h"

/* "a/b" for "/a//b/"; with a message for ".." and what is no name. */
static int descend_path(const char *text, char **path)
{
	_cleanup_buffer_ struct buffer clean = { 0 };

	if (path_has_dot_dot(text))
		return error_set(
			EINVAL, "--cgroup: bad sub cgroup path, \"..\" is refused: %s", text);
	buffer_text(&clean, "");
	for (const char *name = text + strspn(text, "/"); *name; name += strspn(name, "/")) {
		size_t length = strcspn(name, "/");

		if (clean.length)
			buffer_text(&clean, "/");
		buffer_bytes(&clean, name, length);
		name += length;
	}
	*path = TAKE_PTR(clean.data);
	return 0;
}

static int place_descend(struct cgroup_place *place, const char *path)
{
	_cleanup_free_ char *below = string_format("%s/%s", place->path, path);

	if (!*path)
		return 0;
	if (!place_exists(place, below))
		return error_set(ENOENT, "--cgroup: there is no group %s in %s/%s", path,
			place->root, place_group(place));
	free(place->path);
	place->path = TAKE_PTR(below);
	file_close(&place->group_fd);
	file_close(&place->entry_fd);
	return 0;
}

/* By the name of a controller or of the hierarchy: "memory", "cpu,cpuacct", "systemd". */
static struct cgroup_place *descend_place(
	const struct cgroup *cgroup, const char *name, size_t length)
{
	for (size_t i = 0; i < cgroup->v1_count; i++) {
		struct cgroup_place *place = &cgroup->v1[i];

		if (strlen(place->name) == length && !strncmp(place->name, name, length))
			return place;
		for (int c = 0; c < CONTROLLERS; c++)
			if (place->controllers & CONTROLLER_BIT(c) &&
				strlen(controller_names[c].v1) == length &&
				!strncmp(controller_names[c].v1, name, length))
				return place;
	}
	return NULL;
}

/* "memory,pids:a/b": those hierarchies alone. */
static int descend_named(const struct cgroup *cgroup, const char *text, const char *colon,
	const char *path, uint32_t *done)
{
	uint32_t before = *done;

	for (const char *name = text;; name++) {
		size_t length = strcspn(name, ",:");
		struct cgroup_place *place = descend_place(cgroup, name, length);
		uint32_t bit;
		int r;

		if (!place)
			return error_set(EINVAL,
				"--cgroup: unknown controller \"%.*s\": none of cgroup v1 on this "
				"machine, got \"%s\"",
				(int)length, name, text);
		bit = 1u << (place - cgroup->v1);
		if (before & bit)
			return error_set(EINVAL, "--cgroup: %.*s has a path already, got \"%s\"",
				(int)length, name, text);
		/* Two controllers of one hierarchy may both be named, with one path. */
		r = *done & bit ? 0 : place_descend(place, path);
		if (r < 0)
			return r;
		*done |= bit;
		name += length;
		if (name == colon)
			return 0;
	}
}

/* Beside v1, the v2 group is hull's own: who makes groups in v1 need not know of it. */
static int descend_all(const struct cgroup *cgroup, const char *path)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < cgroup->v1_count; i++)
		if (cgroup->v1[i].controllers)
			r = place_descend(&cgroup->v1[i], path);
	if (r < 0 || !cgroup->v2)
		return r;
	r = place_descend(cgroup->v2, path);
	if (r == -ENOENT && cgroup->v1_count) {
		error_clear();
		return 0;
	}
	return r;
}

int cgroup_descend(struct cgroup *cgroup, const struct string_list *groups)
{
	uint32_t done = 0;

	if (!cgroup->v1_count && !cgroup->v2)
		return error_set(EOPNOTSUPP, "--cgroup: the container has no cgroup");
	for (size_t i = 0; i < groups->count; i++) {
		const char *text = groups->items[i], *colon = strchr(text, ':');
		_cleanup_free_ char *path = NULL;
		int r;

		if (!colon && groups->count > 1)
			return error_set(EINVAL,
				"--cgroup: a path for all controllers must be the only one, got "
				"\"%s\"",
				text);
		if (colon && !cgroup->v1_count)
			return error_set(EINVAL,
				"--cgroup: cgroup v2 has one path for all controllers, got \"%s\"",
				text);
		r = descend_path(colon ? colon + 1 : text, &path);
		if (r >= 0)
			r = colon ? descend_named(cgroup, text, colon, path, &done)
				  : descend_all(cgroup, path);
		if (r < 0)
			return r;
	}
	cgroup_set_views(cgroup);
	return 0;
}

int cgroup_descend_to(struct cgroup *cgroup, pid_t pid)
{
	_cleanup_free_ char *file = string_format("/proc/%d/cgroup", pid);
	_cleanup_buffer_ struct buffer text = { 0 };
	const char *group = cgroup->v2 ? place_group(cgroup->v2) : "";
	size_t length = strlen(group);
	const char *line;
	int r = file_read_at(-1, file, &text, 65536);

	line = r >= 0 && text.data ? strstr(text.data, "0::/") : NULL;
	if (!line || !cgroup->v2 || strncmp(line + 4, group, length) != 0 ||
		line[4 + length] != '/')
		return -ENOENT;
	line += 4 + length + 1;
	text.data[line - text.data + (ptrdiff_t)strcspn(line, "\n")] = '\0';
	r = place_descend(cgroup->v2, line);
	if (r < 0)
		error_clear();
	cgroup_set_views(cgroup);
	return r;
}
