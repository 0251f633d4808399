/* SPDX-License-Identifier: Apache-2.0 */

/* Names of units, and where systemd puts their groups (systemd.unit(5), systemd.slice(5)). */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "cgroup/systemd.h"

#define NAME_BYTES_MOST 255

static bool ends_with(const char *text, const char *end)
{
	size_t length = strlen(text), end_length = strlen(end);

	return length >= end_length && !strcmp(text + length - end_length, end);
}

bool systemd_name_is_slice(const char *name)
{
	return ends_with(name, ".slice");
}

static bool name_takes(char c)
{
	return isalnum((unsigned char)c) || strchr(":_.\\-@", c);
}

/* What a unit's name cannot hold is written as \xNN (systemd-escape(1)). */
static void name_add(struct buffer *name, const char *text, size_t length)
{
	for (const char *c = text; c < text + length; c++) {
		if (name_takes(*c))
			buffer_bytes(name, c, 1);
		else
			buffer_format(name, "\\x%02x", (unsigned char)*c);
	}
}

/* "-" parts a slice's name into those above it, so no part may be empty. */
static bool slice_is_valid(const char *slice)
{
	size_t length = strlen(slice);

	if (!strcmp(slice, "-.slice"))
		return true;
	if (length > NAME_BYTES_MOST || !systemd_name_is_slice(slice) || length == 6 ||
		slice[0] == '-' || slice[length - 7] == '-' || strstr(slice, "--"))
		return false;
	for (const char *c = slice; *c; c++)
		if (!name_takes(*c) || *c == '@')
			return false;
	return true;
}

static int path_refuse(const char *path, const char *why)
{
	return error_set(EINVAL, "linux.cgroupsPath: %s, got \"%s\"", why, path);
}

int systemd_name_parse(
	const char *id, const char *cgroups_path, bool user, char **slice, char **name)
{
	_cleanup_free_ char *standard = string_format(":hull:%s", id);
	const char *path = cgroups_path && *cgroups_path ? cgroups_path : standard;
	const char *prefix = strchr(path, ':'), *last = prefix ? strchr(prefix + 1, ':') : NULL;
	_cleanup_free_ char *wanted = NULL;
	_cleanup_buffer_ struct buffer unit = { 0 };

	if (!last || strchr(last + 1, ':') || strchr(path, '/'))
		return path_refuse(path, "must be SLICE:PREFIX:NAME for systemd");
	if (!last[1])
		return path_refuse(path, "SLICE:PREFIX:NAME must have a name");
	if (prefix == path)
		wanted = string_copy(user ? "user.slice" : "system.slice");
	else
		wanted = string_format("%.*s", (int)(prefix - path), path);
	if (!slice_is_valid(wanted))
		return path_refuse(path, "must begin with the name of a slice");
	if (systemd_name_is_slice(last + 1)) {
		if (!slice_is_valid(last + 1) || !strcmp(last + 1, "-.slice"))
			return path_refuse(path, "must end with a name that a slice can have");
		buffer_text(&unit, last + 1);
	} else {
		name_add(&unit, prefix + 1, (size_t)(last - prefix - 1));
		if (unit.length)
			buffer_text(&unit, "-");
		name_add(&unit, last + 1, strlen(last + 1));
		buffer_text(&unit, ".scope");
	}
	if (unit.length > NAME_BYTES_MOST)
		return path_refuse(path, "makes a name of a unit that is longer than 255 bytes");
	*slice = TAKE_PTR(wanted);
	*name = TAKE_PTR(unit.data);
	return 0;
}

/* What could be a file of the kernel gets a "_" in front: systemd's own list of controllers. */
static bool group_needs_escape(const char *name)
{
	static const char *const files[] = { "tasks", "notify_on_release", "release_agent" };
	static const char *const dotted[] = { "cgroup.", "cpu.", "cpuacct.", "cpuset.", "io.",
		"blkio.", "memory.", "devices.", "pids." };

	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		if (!strcmp(name, files[i]))
			return true;
	for (size_t i = 0; i < ARRAY_SIZE(dotted); i++)
		if (!strncmp(name, dotted[i], strlen(dotted[i])))
			return true;
	return name[0] == '_' || name[0] == '.';
}

static void group_add(struct buffer *group, const char *name)
{
	buffer_format(group, "%s%s%s", group->length ? "/" : "",
		group_needs_escape(name) ? "_" : "", name);
}

/* "a-b.slice" lies in "a.slice". */
static void group_add_slices(struct buffer *group, const char *slice)
{
	if (!strcmp(slice, "-.slice"))
		return;
	for (const char *dash = strchr(slice, '-'); dash; dash = strchr(dash + 1, '-')) {
		_cleanup_free_ char *above =
			string_format("%.*s.slice", (int)(dash - slice), slice);

		group_add(group, above);
	}
	group_add(group, slice);
}

char *systemd_name_group(const char *slice, const char *name)
{
	_cleanup_buffer_ struct buffer group = { 0 };

	/* A slice tells by its own name where it lies. */
	if (systemd_name_is_slice(name)) {
		group_add_slices(&group, name);
	} else {
		group_add_slices(&group, slice);
		group_add(&group, name);
	}
	return TAKE_PTR(group.data);
}

const char *systemd_name_of_group(const char *group)
{
	const char *slash = strrchr(group, '/');
	const char *name = slash ? slash + 1 : group;

	return name[0] == '_' ? name + 1 : name;
}
