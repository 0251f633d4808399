/* SPDX-License-Identifier: Apache-2.0 */
#include "image/user.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "base/path.h"

#define DATABASE_BYTES_MOST (16u << 20)
#define FIELDS		    7

/* etc/passwd: name, password, uid, gid, comment, home, shell; etc/group: name, password, gid, members. */
struct row {
	char *fields[FIELDS];
	size_t count;
};

/* The whole file, in the arena; "" where it is missing or is no file. */
static char *read_database(struct arena *arena, int root_fd, const char *path)
{
	_cleanup_close_ int fd = path_open_in_root(root_fd, path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
	_cleanup_buffer_ struct buffer text = { 0 };

	if (fd < 0 || file_read_fd(fd, &text, DATABASE_BYTES_MOST) < 0 || !text.data)
		return arena_copy(arena, "", 0);
	return arena_copy(arena, text.data, text.length);
}

/* Cuts the next line off TEXT; false at the end. */
static bool next_row(char **text, struct row *row)
{
	char *line = strsep(text, "\n"), *field;

	row->count = 0;
	if (!line)
		return false;
	while (row->count < FIELDS && (field = strsep(&line, ":")))
		row->fields[row->count++] = field;
	return true;
}

static bool parse_id(const char *text, uint32_t *id)
{
	char *end;
	unsigned long number;

	if (!*text || text[strspn(text, "0123456789")])
		return false;
	errno = 0;
	number = strtoul(text, &end, 10);
	if (errno || number >= UINT32_MAX)
		return false;
	*id = (uint32_t)number;
	return true;
}

/* The first user of that name, or with that number; NULL for neither. */
static const char *find_user(
	struct arena *arena, int root_fd, const char *wanted, struct image_user *user)
{
	char *text = read_database(arena, root_fd, "/etc/passwd");
	uint32_t number;
	bool by_number = parse_id(wanted, &number);
	struct row row;

	while (next_row(&text, &row)) {
		uint32_t uid, gid;

		if (row.count < 6 || !parse_id(row.fields[2], &uid) ||
			!parse_id(row.fields[3], &gid))
			continue;
		if (strcmp(row.fields[0], wanted) != 0 && !(by_number && uid == number))
			continue;
		user->uid = uid;
		user->gid = gid;
		user->home = *row.fields[5] ? row.fields[5] : "/";
		return row.fields[0];
	}
	return NULL;
}

static bool find_group(struct arena *arena, int root_fd, const char *wanted, uint32_t *gid)
{
	char *text = read_database(arena, root_fd, "/etc/group");
	struct row row;

	while (next_row(&text, &row))
		if (row.count >= 3 && !strcmp(row.fields[0], wanted) &&
			parse_id(row.fields[2], gid))
			return true;
	return false;
}

static bool has_member(char *members, const char *name)
{
	char *member;

	while ((member = strsep(&members, ",")))
		if (!strcmp(member, name))
			return true;
	return false;
}

static void find_groups(struct arena *arena, int root_fd, const char *name, struct image_user *user)
{
	char *text = read_database(arena, root_fd, "/etc/group");
	size_t size = 0;
	struct row row;

	while (next_row(&text, &row)) {
		uint32_t gid, *groups;

		if (row.count < 4 || !parse_id(row.fields[2], &gid) || gid == user->gid ||
			!has_member(row.fields[3], name))
			continue;
		if (user->group_count == size) {
			size = size ? size * 2 : 8;
			groups = arena_allocate(arena, size * sizeof(*groups));
			if (user->group_count)
				memcpy(groups, user->groups, user->group_count * sizeof(*groups));
			user->groups = groups;
		}
		user->groups[user->group_count++] = gid;
	}
}

int image_user_find(struct arena *arena, int root_fd, const char *text, struct image_user *user)
{
	char *rest = arena_copy(arena, text ? text : "", text ? strlen(text) : 0);
	const char *wanted = strsep(&rest, ":"), *group = rest, *name;

	*user = (struct image_user){ .home = "/" };
	if (!*wanted)
		wanted = "0";
	name = find_user(arena, root_fd, wanted, user);
	if (!name && !parse_id(wanted, &user->uid))
		return error_set(
			EINVAL, "user \"%s\": the image's /etc/passwd has no such user", wanted);
	if (!strcmp(wanted, "0") && !name)
		user->home = "/root";
	if (!group || !*group) {
		if (name)
			find_groups(arena, root_fd, name, user);
		return 0;
	}
	if (!parse_id(group, &user->gid) && !find_group(arena, root_fd, group, &user->gid))
		return error_set(EINVAL, "user \"%s\": the image's /etc/group has no group \"%s\"",
			text, group);
	return 0;
}
