/* SPDX-License-Identifier: Apache-2.0 */

/* Device rules by the v1 devices controller (cgroup-v1/devices.rst). */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "cgroup/device_rules.h"

/* devices.allow and devices.deny, each opened once and only if something is written. */
struct device_files {
	struct cgroup_place *place;
	int allow_fd, deny_fd;
};

static int device_write(struct device_files *files, bool allow, const char *text)
{
	int *fd = allow ? &files->allow_fd : &files->deny_fd;
	const char *name = allow ? "devices.allow" : "devices.deny";
	int r = 0;

	if (*fd < 0)
		*fd = openat(files->place->group_fd, name, O_WRONLY | O_CLOEXEC);
	if (*fd < 0 || write(*fd, text, strlen(text)) < 0)
		r = -errno;
	if (r == -EPERM && allow)
		return error_set(r,
			"linux.resources.devices: \"%s\" is more than the group above %s/%s may "
			"use",
			text, files->place->root, place_group(files->place));
	if (r < 0)
		return error_errno(r, "%s/%s/%s: write \"%s\"", files->place->root,
			place_group(files->place), name, text);
	return 0;
}

static int device_write_rule(struct device_files *files, bool allow, const struct device_rule *rule)
{
	char text[DEVICE_TEXT_BYTES];

	device_rule_text(rule, text);
	return device_write(files, allow, text);
}

static int device_list_number(const char **at, char end, int64_t *number)
{
	char *rest = NULL;

	if (**at == '*') {
		*number = DEVICE_ANY;
		rest = (char *)*at + 1;
	} else {
		*number = strtoll(*at, &rest, 10);
	}
	if (rest == *at || *rest != end)
		return -EPROTO;
	*at = rest + 1;
	return 0;
}

/* What devices.list says: lines as device_rule_text writes them; "a *:* rwm" for everything. */
static int device_list_read(struct cgroup_place *place, struct device_rules *rules)
{
	_cleanup_buffer_ struct buffer text = { 0 };
	int r = place_read(place, "devices.list", &text);

	*rules = (struct device_rules){ .allow = false };
	for (const char *at = text.data; r >= 0 && *at;) {
		struct device_rule rule = { .allow = true, .type = *at };

		if (*at == 'a') {
			rules->allow = true;
			return 0;
		}
		if (at[1] != ' ')
			return -EPROTO;
		at += 2;
		r = device_list_number(&at, ':', &rule.major);
		if (r >= 0)
			r = device_list_number(&at, ' ', &rule.minor);
		for (; r >= 0 && *at && *at != '\n'; at++)
			rule.access |= *at == 'r'   ? DEVICE_READ
				       : *at == 'w' ? DEVICE_WRITE
						    : DEVICE_MKNOD;
		at += *at == '\n';
		rules->items =
			memory_resize(rules->items, (rules->count + 1) * sizeof(*rules->items));
		rules->items[rules->count++] = rule;
	}
	return r;
}

/* The bits of RULE that no entry for exactly its devices gives. */
static unsigned int device_bits_missing(
	const struct device_rules *rules, const struct device_rule *rule)
{
	unsigned int access = rule->access;

	for (size_t i = 0; i < rules->count; i++)
		if (rules->items[i].type == rule->type && rules->items[i].major == rule->major &&
			rules->items[i].minor == rule->minor)
			access &= ~rules->items[i].access;
	return access;
}

/* Write for each entry of A what B does not have. */
static int device_write_difference(struct device_files *files, bool allow,
	const struct device_rules *a, const struct device_rules *b)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < a->count; i++) {
		struct device_rule rule = a->items[i];

		rule.access = device_bits_missing(b, &rule);
		if (rule.access)
			r = device_write_rule(files, allow, &rule);
	}
	return r;
}

/*
 * A running container must not lose /dev/null for a moment, and the kernel
 * refuses "a" once there are groups below: only the difference is written.
 */
static int device_change_from(
	struct device_files *files, struct device_rules *now, const struct device_rules *wanted)
{
	int r;

	if (now->allow || wanted->allow) {
		r = device_write(files, wanted->allow, "a");
		now->count = 0;
		return r < 0 ? r : device_write_difference(files, !wanted->allow, wanted, now);
	}
	r = device_write_difference(files, true, wanted, now);
	return r < 0 ? r : device_write_difference(files, false, now, wanted);
}

/* All or nothing: what the group above does not have is refused half-way. */
static int device_change(struct device_files *files, const struct device_rules *wanted)
{
	struct device_rules before = { 0 }, now = { 0 };
	int r = device_list_read(files->place, &before);

	if (r >= 0)
		r = device_list_read(files->place, &now);
	if (r < 0)
		r = error_errno(
			r, "%s/%s/devices.list", files->place->root, place_group(files->place));
	else
		r = device_change_from(files, &now, wanted);
	device_rules_free(&now);
	if (r < 0 && before.count) {
		_cleanup_free_ char *why = string_copy(error_text(r));

		if (device_list_read(files->place, &now) >= 0)
			(void)device_change_from(files, &now, &before);
		device_rules_free(&now);
		(void)error_set(r, "%s", why);
	}
	device_rules_free(&before);
	return r;
}

static int device_set(struct device_files *files, const struct device_rules *wanted)
{
	int r = 0;

	/* A new group may do what the group above may: all, or EPERM will tell. */
	if (!wanted->allow || !files->place->made)
		r = device_write(files, wanted->allow, "a");
	for (size_t i = 0; r >= 0 && i < wanted->count; i++)
		r = device_write_rule(files, !wanted->allow, &wanted->items[i]);
	return r;
}

int devices_v1_apply(
	struct cgroup_place *place, const struct config_resources *resources, bool update)
{
	struct device_files files = { .place = place, .allow_fd = -EBADF, .deny_fd = -EBADF };
	struct device_rules rules, exceptions = { .allow = false };
	int r = device_rules_make(&rules, resources);

	if (r >= 0)
		r = device_rules_exceptions(&rules, &exceptions);
	if (r >= 0)
		r = place_open(place);
	if (r >= 0)
		r = update ? device_change(&files, &exceptions) : device_set(&files, &exceptions);
	file_close(&files.allow_fd);
	file_close(&files.deny_fd);
	device_rules_free(&exceptions);
	device_rules_free(&rules);
	return r;
}
