/* SPDX-License-Identifier: Apache-2.0 */
#include "checkpoint/tree_entry.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#define ATTRIBUTES_MOST 65536

/* ---- lists ----------------------------------------------------------------------------------- */

struct tree_entry *tree_list_add(struct tree_list *list)
{
	if (list->count == list->room) {
		list->room = list->room ? list->room * 2 : 256;
		list->items = memory_resize(list->items, list->room * sizeof(*list->items));
	}
	list->items[list->count] = (struct tree_entry){ .path = "", .target = "" };
	return &list->items[list->count++];
}

void tree_list_free(struct tree_list *list)
{
	memory_free_pointer((void *)&list->items);
	list->count = list->room = 0;
	arena_free(&list->arena);
}

int tree_compare(const char *path, const char *other)
{
	while (*path && *path == *other) {
		path++;
		other++;
	}
	/* What is in "a" comes before "a.b": a slash is the least of all. */
	if (*path == '/' && *other)
		return *other == '/' ? 0 : -1;
	if (*other == '/' && *path)
		return 1;
	return (int)(unsigned char)*path - (int)(unsigned char)*other;
}

bool tree_path_is_clean(const char *path, size_t length)
{
	const char *end = path + length;

	if (!length)
		return true;
	if (length >= PATH_MAX || memchr(path, '\0', length))
		return false;
	while (path <= end) {
		const char *slash = memchr(path, '/', (size_t)(end - path));
		size_t part = (size_t)((slash ? slash : end) - path);

		if (!part || part > NAME_MAX || (part == 1 && path[0] == '.') ||
			(part == 2 && path[0] == '.' && path[1] == '.'))
			return false;
		if (!slash)
			return true;
		path = slash + 1;
	}
	return false;
}

/* ---- on the wire ----------------------------------------------------------------------------- */

/* In front of path, target and attributes, whose lengths it has. */
struct fixed_part {
	uint8_t kind, changed;
	uint16_t mode, path_length, target_length;
	uint32_t uid, gid, attributes_length;
	uint64_t device, size;
	int64_t modified;
} __attribute__((packed));

void tree_entry_write(const struct tree_entry *entry, struct buffer *buffer)
{
	const struct fixed_part fixed = {
		.kind = (uint8_t)entry->kind,
		.changed = entry->changed,
		.mode = (uint16_t)entry->mode,
		.path_length = (uint16_t)strlen(entry->path),
		.target_length = (uint16_t)strlen(entry->target),
		.uid = entry->uid,
		.gid = entry->gid,
		.attributes_length = (uint32_t)entry->attributes_length,
		.device = entry->device,
		.size = entry->size,
		.modified = entry->modified,
	};

	buffer_bytes(buffer, &fixed, sizeof(fixed));
	buffer_bytes(buffer, entry->path, fixed.path_length);
	buffer_bytes(buffer, entry->target, fixed.target_length);
	if (entry->attributes_length)
		buffer_bytes(buffer, entry->attributes, entry->attributes_length);
}

bool tree_attribute_next(
	const struct tree_entry *entry, size_t *place, struct tree_attribute *attribute)
{
	const unsigned char *at = entry->attributes + *place, *end;
	size_t left = entry->attributes_length - *place;

	if (!left)
		return false;
	end = memchr(at, '\0', left);
	if (!end || end == at || left - (size_t)(end + 1 - at) < sizeof(attribute->length))
		return false;
	attribute->name = (const char *)at;
	memcpy(&attribute->length, end + 1, sizeof(attribute->length));
	attribute->value = end + 1 + sizeof(attribute->length);
	left -= (size_t)(attribute->value - at);
	if (attribute->length > left)
		return false;
	*place += (size_t)(attribute->value - at) + attribute->length;
	return true;
}

static bool attributes_are_whole(const struct tree_entry *entry)
{
	struct tree_attribute attribute;
	size_t place = 0;

	while (tree_attribute_next(entry, &place, &attribute))
		;
	return place == entry->attributes_length;
}

static bool kind_fits(const struct tree_entry *entry)
{
	switch (entry->kind) {
	case TREE_FILE:
		return S_ISREG(entry->mode);
	case TREE_FOLDER:
		return S_ISDIR(entry->mode);
	case TREE_SYMLINK:
		return S_ISLNK(entry->mode) && *entry->target;
	case TREE_NODE:
		return S_ISCHR(entry->mode) || S_ISBLK(entry->mode) || S_ISFIFO(entry->mode) ||
		       S_ISSOCK(entry->mode);
	case TREE_LINK:
		return *entry->target && tree_path_is_clean(entry->target, strlen(entry->target));
	case TREE_GONE:
		return true;
	default:
		return false;
	}
}

static int entry_check(const struct tree_entry *entry, const struct fixed_part *fixed)
{
	if (!tree_path_is_clean(entry->path, fixed->path_length))
		return -EBADMSG;
	/* The root is a folder, whatever happens. */
	if (!fixed->path_length && entry->kind != TREE_FOLDER)
		return -EBADMSG;
	if (strlen(entry->target) != fixed->target_length || fixed->target_length >= PATH_MAX)
		return -EBADMSG;
	return kind_fits(entry) && attributes_are_whole(entry) ? 0 : -EBADMSG;
}

int tree_entries_read(struct tree_list *list, const unsigned char *bytes, size_t length)
{
	while (length) {
		struct fixed_part fixed;
		struct tree_entry *entry;
		size_t texts;

		if (length < sizeof(fixed) || list->count >= TREE_ENTRIES_MOST)
			return -EBADMSG;
		memcpy(&fixed, bytes, sizeof(fixed));
		bytes += sizeof(fixed);
		length -= sizeof(fixed);
		texts = (size_t)fixed.path_length + fixed.target_length;
		if (fixed.attributes_length > ATTRIBUTES_MOST ||
			texts + fixed.attributes_length > length)
			return -EBADMSG;
		entry = tree_list_add(list);
		entry->kind = (enum tree_kind)fixed.kind;
		entry->changed = fixed.changed;
		entry->mode = fixed.mode;
		entry->uid = fixed.uid;
		entry->gid = fixed.gid;
		entry->device = fixed.device;
		entry->size = fixed.size;
		entry->modified = fixed.modified;
		entry->path = arena_copy(&list->arena, (const char *)bytes, fixed.path_length);
		entry->target = arena_copy(
			&list->arena, (const char *)bytes + fixed.path_length, fixed.target_length);
		entry->attributes_length = fixed.attributes_length;
		entry->attributes = (unsigned char *)arena_copy(
			&list->arena, (const char *)bytes + texts, fixed.attributes_length);
		if (entry_check(entry, &fixed) < 0)
			return -EBADMSG;
		bytes += texts + fixed.attributes_length;
		length -= texts + fixed.attributes_length;
	}
	return 0;
}
